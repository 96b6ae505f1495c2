/* SPDX-License-Identifier: MIT */
/* For guest code of your own: build a shared object that defines these, and `tdlab check --harness ./it.so`. */
#ifndef TDLAB_HARNESS_H
#define TDLAB_HARNESS_H
#include <stdint.h>
int tdlab_convert(uint64_t gpa, uint64_t size, int to_shared);	/* gpa without S; 0: success */
int tdlab_accept(uint64_t gpa, uint64_t size);	/* optional; tdlab_convert() to private does not accept then */
/* Optional: it converts no less at a time, aligned: bytes, a power of two, at most 64 MiB. */
extern const uint64_t tdlab_unit;
void tdlab_tdcall(uint64_t gpr[16]);	/* RAX RCX RDX RBX RSP RBP RSI RDI R8..R15; or execute TDCALL itself */
#endif

/* SPDX-License-Identifier: MIT */
/* The TDX guest ABI as C constants, made from abi.def. Depends on nothing but <stdint.h>. */
#ifndef ABI_TDX_H
#define ABI_TDX_H

#include <stdint.h>

#define TDX_PAGE_SHIFT	12
#define TDX_PAGE_SIZE	4096ull
#define TDX_2M_SIZE	0x200000ull
#define TDX_2M_PAGES	512ull

/* SEPT level as TDG.MEM.PAGE.ACCEPT takes it in RCX[2:0] and returns it in RAX[31:0]. */
#define TDX_LEVEL_4K	0ull
#define TDX_LEVEL_2M	1ull

/* RCX after a RELEASE that was refused: the level in RCX[2:0], or what the page is ([openvmm:release_pages]). */
#define TDX_RELEASE_MMIO	(1ull << 61)
#define TDX_RELEASE_PENDING	(1ull << 62)

/* The instruction: TDCALL, always four bytes. */
#define TDCALL_BYTES	{ 0x66, 0x0f, 0x01, 0xcc }
#define TDCALL_LENGTH	4

/* TDG_VP_INFO ... : leaves. */
enum tdcall_leaf {
#define TDCALL_LEAF(name, number, source) TDG_##name = number,
#include "abi/abi.def"
};

/* GHCI_MAP_GPA ... : sub-functions of TDG.VP.VMCALL. */
enum ghci_subfn {
#define GHCI_SUBFN(name, number, source) GHCI_##name = number,
#include "abi/abi.def"
};

/* VE_IO ... : exit reasons in VE_INFO. */
enum ve_reason {
#define VE_REASON(name, number, source) VE_##name = number,
#include "abi/abi.def"
};

/* TDX_SUCCESS ... : codes, 32 bits wide, to be compared with tdx_code(rax) and never with RAX itself. */
enum tdx_code {
#define TDX_CODE(name, code, source) TDX_##name = code,
#include "abi/abi.def"
};

/* TDVMCALL_SUCCESS ... : R10 after TDG.VP.VMCALL, 64 bits wide. */
enum tdvmcall_code {
#define GHCI_CODE(name, value, source) TDVMCALL_##name = value,
#include "abi/abi.def"
};

/* TDX_FIELD_CONFIG_FLAGS ... : metadata identifiers. */
enum tdx_field {
#define TDX_FIELD(name, id, fields, elements, rights, source) TDX_FIELD_##name = id,
#include "abi/abi.def"
};

/* TDX_CONFIG_NO_RBP_MOD ... : bits of CONFIG_FLAGS, TD_CTLS, ATTRIBUTES and TDX_FEATURES0. */
enum tdx_bit {
#define TDX_BIT(word, name, number, source) TDX_##word##_##name = 1ull << (number),
#include "abi/abi.def"
};

static inline uint32_t tdx_code(uint64_t rax)
{
	return (uint32_t)(rax >> 32);
}

/* A status word from its code and its detail (operand number: 0 RAX, 1 RCX, 2 RDX, 8 R8 ...; or a level). */
static inline uint64_t tdx_status(uint64_t code, uint64_t detail)
{
	return code << 32 | detail;
}

/* The shared bit S of a GPA: the topmost bit of the guest physical address width ([mod:tdg_vp_info]). */
static inline uint64_t tdx_shared_bit(unsigned int gpaw)
{
	return 1ull << (gpaw - 1);
}

#endif

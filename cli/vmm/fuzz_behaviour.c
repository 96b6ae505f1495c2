/* SPDX-License-Identifier: MIT */
/*
 * Behaviour files: whatever loads is a behaviour that td takes, and is told to people without harm. Refusals are
 * complaints, so libFuzzer should close stderr (-close_fd_mask=2).
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/vmm/behaviour.h"
#include "td/td.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct td_config c = { .platform.gpaw = 48, .vcpus = 1, .nslots = 1, .slots = { { .pages = 16 } } };
	struct behaviour b;
	char spec[40];
	int fd = memfd_create("behaviour", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes)
		abort();
	snprintf(spec, sizeof(spec), "/proc/self/fd/%d", fd);
	if (behaviour_load(&b, spec, NULL) == 0) {
		c.behaviour = b.packed;
		if (td_size(&c) == 0 || strlen(b.title) > bytes * BEHAVIOUR_NAME * 8)
			abort();
		behaviour_free(&b);
	}
	close(fd);
	return 0;
}

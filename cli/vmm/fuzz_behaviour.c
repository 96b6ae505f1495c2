/* SPDX-License-Identifier: MIT */
/*
 * Behaviour files, and lists of recorded answers: whatever loads is a behaviour that td takes, and is told to people
 * without harm. Refusals are
 * complaints, so libFuzzer should close stderr (-close_fd_mask=2).
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/vmm/recorded.h"
#include "td/td.h"

static void load(const char *prefix, int fd, size_t most)
{
	struct td_config c = { .platform.gpaw = 48, .vcpus = 1, .nslots = 1, .slots = { { .pages = 16 } } };
	struct behaviour b;
	char spec[48];

	snprintf(spec, sizeof(spec), "%s/proc/self/fd/%d", prefix, fd);
	if (behaviour_load(&b, spec, NULL) != 0)
		return;
	c.behaviour = b.packed;
	if (td_size(&c) == 0 || strlen(b.title) > most)
		abort();
	behaviour_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	int fd = memfd_create("behaviour", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes)
		abort();
	load("", fd, bytes * BEHAVIOUR_NAME * 8);
	load(RECORDED_PREFIX, fd, 64);
	close(fd);
	return 0;
}

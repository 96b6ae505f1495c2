/* SPDX-License-Identifier: MIT */
/* --inject: whatever is taken makes a rule that td takes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/vmm/inject.h"
#include "td/td.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct td_config c = { .platform.gpaw = 48, .vcpus = 1, .nslots = 1, .slots = { { .pages = 16 } } };
	char *text = malloc(bytes + 1);	/* exactly, so that a sanitizer sees a step beyond it */

	memcpy(text, data, bytes);
	text[bytes] = '\0';
	if (inject_parse(text, &c.behaviour.rules[0]) == NULL) {
		c.behaviour.nrules = 1;
		if (td_size(&c) == 0)
			abort();
	}
	free(text);
	return 0;
}

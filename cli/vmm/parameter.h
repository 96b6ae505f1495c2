/* SPDX-License-Identifier: MIT */
/* The parameters of a behaviour: what the file declares, what the user sets, and their values in texts. */
#ifndef CLI_PARAMETER_H
#define CLI_PARAMETER_H

#include "cli/vmm/behaviour.h"
#include "cli/vmm/vmm.h"

/* Takes the [parameter NAME] sections. */
int behaviour_parameters(struct behaviour *behaviour, struct vmm_text *text);

/* One PARAMETER=VALUE of the user's, the first length bytes of word. */
int behaviour_set(struct behaviour *behaviour, const char *word, size_t length);

/*
 * text with the values of parameters where "$name" or "${name}" stands, to be freed; rule: the parameters count as
 * used. NULL if a name is unknown, and *bad is that name, to be freed.
 */
char *behaviour_substitute(struct behaviour *behaviour, const char *text, bool rule, char **bad);

#endif

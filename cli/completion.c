/* SPDX-License-Identifier: MIT */
/* Completion for shells, written from the tables that parse the command line, so that it cannot be out of date. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/opt.h"

static const struct opt options[] = { { 0 } };

/* The words of operands such as "[one|two]", or nothing if they are files. */
static void choices(const struct verb *v)
{
	if (!strchr(v->operands, '|'))
		return;
	for (const char *c = v->operands; *c; c++)
		if (*c != '[' && *c != ']')
			putchar(*c == '|' ? ' ' : *c);
}

static void bash_verbs(void)
{
	printf("\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (const struct verb *const *v = verbs; *v; v++)
		printf("%s%s", v == verbs ? "" : " ", (*v)->name);
	printf(" --help --version' -- \"$word\")\n\t\treturn\n\tfi\n");
}

/* What may follow an option: "verb --option) ...;;". */
static void bash_arguments(const struct verb *v)
{
	for (const struct opt *o = v->options; o->name; o++) {
		if (OPT_KIND(o) == OPT_FILE)
			printf("\t'%s --%s') mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); return ;;\n", v->name,
			       o->name);
		else if (OPT_KIND(o) == OPT_FOLDER)
			printf("\t'%s --%s') mapfile -t COMPREPLY < <(compgen -d -- \"$word\"); return ;;\n", v->name,
			       o->name);
		else if (OPT_KIND(o) == OPT_BEHAVIOUR || OPT_KIND(o) == OPT_PLATFORM)
			printf("\t'%s --%s') mapfile -t COMPREPLY < <(compgen -W \"$(tdlab list %s 2>/dev/null | "
			       "sed -n 's/^\\([^ ][^ ]*\\).*/\\1/p')\" -- \"$word\"); return ;;\n",
			       v->name, o->name, OPT_KIND(o) == OPT_PLATFORM ? "platforms" : "behaviours");
		else if (OPT_KIND(o) != OPT_FLAG)
			printf("\t'%s --%s') return ;;\n", v->name, o->name);
	}
}

static void bash_words(const struct verb *v)
{
	printf("\t%s) options='--help", v->name);
	for (const struct opt *o = v->options; o->name; o++)
		printf(" --%s", o->name);
	printf("'; words='");
	choices(v);
	printf("' ;;\n");
}

static void bash(void)
{
	puts("# bash completion for tdlab: source <(tdlab completion bash)\n"
	     "_tdlab() {\n"
	     "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}\n"
	     "\tlocal options='' words=''");
	bash_verbs();
	puts("\tcase \"$verb $before\" in");
	for (const struct verb *const *v = verbs; *v; v++)
		bash_arguments(*v);
	puts("\tesac\n\tcase $verb in");
	for (const struct verb *const *v = verbs; *v; v++)
		bash_words(*v);
	puts("\tesac\n"
	     "\tif [[ $word == -* ]]; then\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n"
	     "\telif [ -n \"$words\" ]; then\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
	     "\telse\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
	     "\tfi\n"
	     "}\n"
	     "complete -o filenames -F _tdlab tdlab");
}

/* Text inside '...[...]' of zsh's _arguments. */
static void zsh_text(const char *text)
{
	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			putchar('\\');
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	}
}

static void zsh_verb(const struct verb *v)
{
	static const char *const actions[] = {
		[OPT_TEXT] = " ",
		[OPT_FILE] = "_files",
		[OPT_FOLDER] = "_files -/",
		[OPT_NUMBER] = " ",
		[OPT_SIZE] = " ",
		[OPT_SECONDS] = " ",
		[OPT_JOBS] = " ",
		[OPT_BEHAVIOUR] = "{compadd ${${(f)\"$(tdlab list behaviours 2>/dev/null)\"}%% *}}",
		[OPT_PLATFORM] = "{compadd ${${(f)\"$(tdlab list platforms 2>/dev/null)\"}%% *}}",
	};

	printf("\t%s) _arguments '--help[tell about the verb]'", v->name);
	for (const struct opt *o = v->options; o->name; o++) {
		printf(" \\\n\t\t'%s--%s[", o->kind & OPT_MANY ? "*" : "", o->name);
		zsh_text(o->help);
		printf("]");
		if (OPT_KIND(o) != OPT_FLAG)
			printf(":%s:%s", o->name, actions[OPT_KIND(o)]);
		printf("'");
	}
	if (strchr(v->operands, '|')) {
		printf(" \\\n\t\t'1:what:(");
		choices(v);
		printf(")'");
	} else if (*v->operands) {
		printf(" \\\n\t\t'1:file:_files'");
	}
	printf(" ;;\n");
}

static void zsh(void)
{
	puts("#compdef tdlab\n"
	     "# zsh completion for tdlab: tdlab completion zsh >DIR/_tdlab, DIR being in fpath\n"
	     "if (( CURRENT == 2 )); then\n"
	     "\tlocal -a verbs=(");
	for (const struct verb *const *v = verbs; *v; v++) {
		printf("\t\t'%s:", (*v)->name);
		zsh_text((*v)->help);
		puts("'");
	}
	puts("\t)\n"
	     "\t_describe verb verbs\n"
	     "\treturn\n"
	     "fi\n"
	     "local verb=$words[2]\n"
	     "shift words\n"
	     "(( CURRENT-- ))\n"
	     "case $verb in");
	for (const struct verb *const *v = verbs; *v; v++)
		zsh_verb(*v);
	puts("esac");
}

static int run_completion(const struct verb *verb, int argc, char **argv)
{
	char **operands = xcalloc((size_t)argc, sizeof(*operands));
	int noperands, status = opt_parse(verb, argc, argv, NULL, operands, &noperands);
	const char *shell = noperands == 1 ? operands[0] : "";

	if (!status && strcmp(shell, "bash") == 0)
		bash();
	else if (!status && strcmp(shell, "zsh") == 0)
		zsh();
	else if (!status)
		status = complain(STATUS_INPUT, "completion: for which shell? bash or zsh");
	free(operands);
	return status < 0 ? STATUS_PASS : status;
}

const struct verb verb_completion = { "completion", run_completion, "bash|zsh",
				      "print completion for a shell", options };

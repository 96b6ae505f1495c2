/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/opt.h"
#include "cli/suggest.h"

bool opt_number(const char *text, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &end, strncmp(text, "0x", 2) == 0 ? 16 : 10);
	return errno == 0 && *end == '\0' && end > text;
}

bool opt_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	size_t length = strlen(text);
	const char *unit = length > 1 ? strchr(units, text[length - 1]) : NULL;
	unsigned int shift = unit ? 10 * (unsigned int)(unit - units + 1) : 0;
	char digits[24];
	uint64_t value;

	if (length >= sizeof(digits))
		return false;
	memcpy(digits, text, length + 1);
	if (unit)
		digits[length - 1] = '\0';
	if (!opt_number(digits, &value) || value > UINT64_MAX >> shift)
		return false;
	*bytes = value << shift;
	return true;
}

static bool add(struct opt_list *list, const char *text)
{
	if (list->count == OPT_LIST_MOST)
		return false;
	list->items[list->count++] = text;
	return true;
}

static bool store(const struct opt *opt, const char *text, void *values)
{
	void *where = (char *)values + opt->offset;
	struct opt_number *number = where;

	switch (OPT_KIND(opt)) {
	case OPT_FLAG:
		*(bool *)where = true;
		return true;
	case OPT_NUMBER:
	case OPT_SECONDS:
	case OPT_JOBS:
		number->given = true;
		number->text = text;
		return opt_number(text, &number->value);
	case OPT_SIZE:
		number->given = true;
		number->text = text;
		return opt_size(text, &number->value);
	default:
		if (opt->kind & OPT_MANY)
			return add(where, text);
		*(const char **)where = text;
		return true;
	}
}

static const struct opt *find(const struct verb *verb, const char *name, size_t length)
{
	for (const struct opt *opt = verb->options; opt->name; opt++)
		if (strlen(opt->name) == length && strncmp(opt->name, name, length) == 0)
			return opt;
	return NULL;
}

static int __attribute__((format(printf, 2, 3))) refuse(const struct verb *verb, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return complain(STATUS_INPUT, "%s: %s", verb->name, text);
}

static int unknown(const struct verb *verb, const char *given, size_t length)
{
	const char *names[64];
	char *name = xprintf("%.*s", (int)length, given);
	size_t count = 0;
	const char *near;
	int status;

	for (const struct opt *opt = verb->options; opt->name && count < ARRAY_SIZE(names); opt++)
		names[count++] = opt->name;
	near = suggest(name, names, count);
	if (near)
		status = refuse(verb, "unknown option --%s: did you mean --%s?", name, near);
	else
		status = refuse(verb, "unknown option --%s: see tdlab %s --help", name, verb->name);
	free(name);
	return status;
}

/* "-j N" or "-jN". */
static int parse_jobs(const struct verb *verb, char **argv, void *values, int *used)
{
	const struct opt *opt = verb->options;
	const char *text = argv[0][2] ? argv[0] + 2 : argv[1];

	*used = argv[0][2] ? 1 : 2;
	while (opt->name && OPT_KIND(opt) != OPT_JOBS)
		opt++;
	if (!opt->name)
		return refuse(verb, "unknown option %s: see tdlab %s --help", argv[0], verb->name);
	if (!text)
		return refuse(verb, "-j needs an argument: %s", opt->arg);
	if (!store(opt, text, values))
		return refuse(verb, "-j %s: not a number", text);
	return 0;
}

/* argv[0] begins with "--". *used: how many words were taken. */
static int parse_one(const struct verb *verb, char **argv, void *values, int *used)
{
	const char *name = argv[0] + 2;
	const char *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	const struct opt *opt = find(verb, name, length);
	const char *text = equals ? equals + 1 : argv[1];

	*used = 1;
	if (!opt)
		return unknown(verb, name, length);
	if (OPT_KIND(opt) == OPT_FLAG && equals)
		return refuse(verb, "--%s takes no argument", opt->name);
	if (OPT_KIND(opt) != OPT_FLAG && !equals) {
		if (!text)
			return refuse(verb, "--%s needs an argument: %s", opt->name,
					opt->arg);
		*used = 2;
	}
	if (store(opt, text, values))
		return 0;
	if (opt->kind & OPT_MANY)
		return refuse(verb, "--%s %s: more than %d of them", opt->name, text,
				OPT_LIST_MOST);
	return refuse(verb, "--%s %s: not a %s", opt->name, text,
			OPT_KIND(opt) == OPT_SIZE ? "size: write bytes, or a number with K, M or G" : "number");
}

static void help(const struct verb *verb)
{
	printf("usage: tdlab %s%s%s%s\n%s\n", verb->name, verb->options->name ? " [option...]" : "",
	       !*verb->operands ? "" : strlen(verb->operands) > 48 ? "\n   " : " ", verb->operands, verb->help);
	if (verb->options->name)
		printf("\n");
	for (const struct opt *opt = verb->options; opt->name; opt++) {
		char left[48];

		snprintf(left, sizeof(left), "--%s%s%s", opt->name, opt->arg ? " " : "", opt->arg ? opt->arg : "");
		printf("  %-28s ", left);
		fold(opt->help, 31, 80);
	}
}

int opt_parse(const struct verb *verb, int argc, char **argv, void *values, char **operands, int *noperands)
{
	bool only_operands = false;
	int status, used;

	*noperands = 0;
	for (int i = 1; i < argc; i += used) {
		used = 1;
		if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0') {
			operands[(*noperands)++] = argv[i];
		} else if (strcmp(argv[i], "--") == 0) {
			only_operands = true;
		} else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			help(verb);
			return -1;
		} else if (argv[i][1] == 'j') {
			status = parse_jobs(verb, argv + i, values, &used);
			if (status)
				return status;
		} else if (argv[i][1] != '-') {
			return refuse(verb, "unknown option %s: see tdlab %s --help", argv[i], verb->name);
		} else {
			status = parse_one(verb, argv + i, values, &used);
			if (status)
				return status;
		}
	}
	return 0;
}

int opt_suits(const struct verb *verb, int argc, char **argv, bool code)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		size_t length = strcspn(argv[i], "=");
		const struct opt *opt = strncmp(argv[i], "--", 2) == 0 ? find(verb, argv[i] + 2, length - 2) : NULL;

		if (opt && opt->kind & (code ? OPT_BOOT : OPT_CODE))
			return refuse(verb, "--%s is about %s", opt->name, code ?
				      "a boot: not with guest code in a process" : "guest code in a process: not with a boot");
		if (opt && OPT_KIND(opt) != OPT_FLAG && !argv[i][length])
			i++;
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/tdx.h"
#include "cli/opt.h"
#include "cli/suggest.h"
#include "cli/vmm/find.h"
#include "cli/vmm/platform.h"
#include "cli/vmm/vmm.h"

static const struct bit {
	const char *word, *name;
	uint64_t value;
} bits[] = {
#define TDX_BIT(word, name, number, source) { #word, #name, 1ull << (number) },
#include "abi/abi.def"
};

/* What a flag needs of the module. */
static const struct {
	uint64_t flag, feature;
	const char *name, *needs;
} needed[] = {
	{ TDX_CONFIG_NO_RBP_MOD, TDX_FEATURE_NO_RBP_MOD, "no-rbp-mod", "no-rbp-mod" },
	{ TDX_CONFIG_FLEXIBLE_PENDING_VE, TDX_FEATURE_PENDING_EPT_VIOLATION_V2, "flexible-pending-ve",
	  "pending-ept-violation-v2" },
};

/* NO_RBP_MOD is no-rbp-mod. */
static bool is_named(const char *name, const char *word, size_t length)
{
	if (strlen(name) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((name[i] == '_' ? '-' : tolower((unsigned char)name[i])) != word[i])
			return false;
	return true;
}

/* GPA width has a key of its own. */
static bool is_choice(const struct bit *bit, const char *word)
{
	return strcmp(bit->word, word) == 0 && strcmp(bit->name, "GPAW_52") != 0;
}

/* The words of a set of bits, of the rows of abi/abi.def with this word: to be freed. */
static char *words_of(const char *word, uint64_t value)
{
	char *text = xprintf("%s", "");

	for (const struct bit *bit = bits; bit < bits + ARRAY_SIZE(bits); bit++) {
		char *longer;

		if (!is_choice(bit, word) || !(bit->value & value))
			continue;
		longer = xprintf("%s%s%s", text, *text ? " " : "", bit->name);
		for (char *c = longer + strlen(longer) - strlen(bit->name); *c; c++)
			*c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
		free(text);
		text = longer;
	}
	return text;
}

static char problem[320];	/* what set() and check() have to say */

static const char *wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

static const char *wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(problem, sizeof(problem), format, args);
	va_end(args);
	return problem;
}

static const char *set_bits(const char *key, const char *word, const char *value, uint64_t *to)
{
	static const char between[] = " \t+";
	const char *at = value + strspn(value, between);

	*to = 0;
	if (strcmp(value, "none") == 0)
		return NULL;
	while (*at) {
		size_t length = strcspn(at, between), i = 0;
		char *all;

		while (i < ARRAY_SIZE(bits) && !(is_choice(&bits[i], word) && is_named(bits[i].name, at, length)))
			i++;
		if (i == ARRAY_SIZE(bits)) {
			all = words_of(word, ~0ull);
			wrong("%s: \"%.*s\" is none of %s", key, (int)length, at, all);
			free(all);
			return problem;
		}
		*to |= bits[i].value;
		at += length + strspn(at + length, between);
	}
	return NULL;
}

static const char *set_module(const char *value, uint32_t to[3])
{
	char more;

	if (sscanf(value, "%2u.%2u.%2u%c", &to[0], &to[1], &to[2], &more) == 3)
		return NULL;
	return wrong("module: \"%s\" is not a version such as 1.5.06", value);
}

static const char *set_cores(const char *value, uint32_t *to)
{
	uint64_t number;

	if (!opt_number(value, &number) || number > TD_MAX_VCPUS)
		return wrong("cores: \"%s\" is not a number from 0 to %d", value, TD_MAX_VCPUS);
	*to = (uint32_t)number;
	return NULL;
}

/* One of two words; *first: whether it is the first. */
static const char *set_word(const char *key, const char *value, const char *yes, const char *no, bool *first)
{
	*first = strcmp(value, yes) == 0;
	return *first || strcmp(value, no) == 0 ? NULL : wrong("%s: \"%s\" is not %s or %s", key, value, yes, no);
}

static const char *set_text(char **text, const char *value)
{
	free(*text);
	*text = xprintf("%s", value);
	return NULL;
}

enum key { TITLE, WHO, SOURCE, MODULE, GPAW, TOPOLOGY, CORES, ATTRIBUTES, XFAM, CONFIG_FLAGS, TD_CTLS, FEATURES, KEYS };

static const char *const keys[KEYS] = { "title", "who", "source", "module", "gpaw", "topology", "cores", "attributes",
					"xfam", "config-flags", "td-ctls", "features" };

/* NULL, or what is wrong with the setting: a text that lives until the next call. */
static const char *set(struct platform *p, const char *key, const char *value)
{
	struct td_platform *to = &p->packed;
	const char *near, *bad;
	unsigned int i = 0;
	bool first;

	while (i < KEYS && strcmp(key, keys[i]) != 0)
		i++;
	switch (i) {
	case TITLE:
		return set_text(&p->title, value);
	case WHO:
		return set_text(&p->who, value);
	case SOURCE:
		return set_text(&p->source, value);
	case MODULE:
		return set_module(value, to->module);
	case GPAW:
		bad = set_word(key, value, "48", "52", &first);
		to->gpaw = first ? 48 : 52;
		return bad;
	case TOPOLOGY:
		bad = set_word(key, value, "configured", "none", &first);
		to->topology = first;
		return bad;
	case CORES:
		return set_cores(value, &to->cores);
	case ATTRIBUTES:
		return set_bits(key, "ATTR", value, &to->attributes);
	case XFAM:
		return opt_number(value, &to->xfam) ? NULL : wrong("xfam: \"%s\" is not a number", value);
	case CONFIG_FLAGS:
		return set_bits(key, "CONFIG", value, &to->config_flags);
	case TD_CTLS:
		return set_bits(key, "CTLS", value, &to->td_ctls);
	case FEATURES:
		return set_bits(key, "FEATURE", value, &to->features);
	default:
		near = suggest(key, keys, KEYS);
		return wrong("a platform has no \"%s\"%s%s%s", key, near ? ": did you mean \"" : "", near ? near : "",
			     near ? "\"?" : "");
	}
}

/* NULL, or why no module creates such a TD. */
static const char *check(const struct td_platform *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if ((p->config_flags & needed[i].flag) && !(p->features & needed[i].feature))
			return wrong("config-flags: %s needs %s among the features", needed[i].name, needed[i].needs);
	if ((p->topology || (p->td_ctls & TDX_CTLS_ENUM_TOPOLOGY)) && !(p->features & TDX_FEATURE_TOPOLOGY_ENUM))
		return wrong("topology and enum-topology need topology-enum among the features");
	if (p->xfam & ~(uint64_t)TD_XFAM || (p->xfam & 3) != 3)
		return wrong("xfam: 0x%lx: bits 0 and 1 have to be there, and more than 0x%x is not: QEMU's CPU", p->xfam,
			     TD_XFAM);
	return NULL;
}

static int parse_file(struct platform *p, struct vmm_text *text)
{
	const char *bad = NULL;
	unsigned int line = 1;

	for (unsigned int i = 0; i < text->nsettings && !bad; i++) {
		line = text->settings[i].line;
		if (text->settings[i].section != text->settings[0].section)
			bad = wrong("a second [platform]");
		else
			bad = set(p, text->settings[i].key, text->settings[i].value);
	}
	if (!bad && !p->title)
		bad = wrong("[platform] needs a title");
	if (!bad)
		bad = check(&p->packed);
	return bad ? vmm_error(text, line, "%s", bad) : 0;
}

/* KEY=VALUE,... of the user's. */
static int parse_settings(struct platform *p, const char *settings)
{
	char *all = xprintf("%s", settings), *rest = all, *word, *value;
	const char *bad = NULL;

	while (!bad && (word = strsep(&rest, ","))) {
		value = strchr(word, '=');
		if (!value) {
			bad = wrong("\"%s\" is no KEY=VALUE", word);
			break;
		}
		*value = '\0';
		bad = set(p, word, value + 1);
	}
	if (!bad)
		bad = check(&p->packed);
	free(all);
	return bad ? complain(STATUS_INPUT, "--platform %s: %s", p->spec, bad) : 0;
}

int platform_load(struct platform *p, const char *spec, const char *folder)
{
	const char *given = spec ? spec : PLATFORM_DEFAULT, *slash = strrchr(given, '/');
	const char *colon = strchr(slash ? slash : given, ':'), *settings = colon ? colon + 1 : NULL;
	size_t length = colon ? (size_t)(colon - given) : strlen(given);
	struct vmm_text *text = xcalloc(1, sizeof(*text));
	int status;

	*p = (struct platform){ .spec = xprintf("%s", given), .packed = { .gpaw = 48, .xfam = TD_XFAM } };
	if (!colon && strchr(slash ? slash : given, '=')) {
		settings = given;
		given = PLATFORM_DEFAULT;
		length = strlen(given);
	}
	status = text_find("platform", given, length, folder, p->name, &p->path);
	if (!status)
		status = vmm_read(text, p->path, "platform");
	if (!status)
		status = parse_file(p, text);
	if (!status && settings)
		status = parse_settings(p, settings);
	vmm_free(text);
	free(text);
	if (status)
		platform_free(p);
	return status;
}

void platform_free(struct platform *p)
{
	free(p->path);
	free(p->spec);
	free(p->title);
	free(p->who);
	free(p->source);
	*p = (struct platform){ 0 };
}

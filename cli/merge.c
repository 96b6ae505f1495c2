/* SPDX-License-Identifier: MIT */
/* tdlab merge FILE...: the results of all shards of one exploration, as the one result that it would have had. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/campaign/result.h"
#include "cli/opt.h"
#include "cli/tdlab.h"

struct merge_options {
	bool json;
};

static const struct opt options[] = {
	{ "json", OPT_FLAG, offsetof(struct merge_options, json), NULL, "the sum as JSON, like its parts" },
	{ 0 },
};

/* Whose file each shard is; the first file says how many there are. */
struct merge {
	struct result sum;
	const char *first;
	const char **shards;
};

static int refuse(const struct merge *m, const struct result *r, const char *path)
{
	const char *different;

	if (!r->complete)
		return complain(STATUS_INPUT, "%s: not complete: run the same again with its --state first", path);
	if (r->of.shards == 0)
		return complain(STATUS_INPUT, "%s: not a shard but the whole: there is nothing to merge", path);
	different = m->first ? result_differs(&m->sum.of, &r->of) : NULL;
	if (different)
		return complain(STATUS_INPUT, "%s: %s is not that of %s", path, different, m->first);
	if (m->shards && m->shards[r->of.shard - 1])
		return complain(STATUS_INPUT, "%s: shard %u/%u again: it is in %s already", path, r->of.shard,
				r->of.shards, m->shards[r->of.shard - 1]);
	return 0;
}

static int add_file(struct merge *m, const char *path, int files)
{
	struct result r;
	int status = result_read(&r, path);

	if (!status)
		status = refuse(m, &r, path);
	if (!status && r.of.shards > (uint32_t)files)
		status = complain(STATUS_INPUT, "%s: there are %u shards, and only %d files", path, r.of.shards, files);
	if (status)
		return status;
	if (!m->first) {
		m->shards = xcalloc(r.of.shards, sizeof(*m->shards));
		m->first = path;
		m->sum = (struct result){ .of = r.of, .complete = true, .gpa = r.gpa };
	}
	m->shards[r.of.shard - 1] = path;
	result_add(&m->sum, &r);
	return 0;
}

static int merge(struct merge *m, char **files, int nfiles)
{
	int status = 0;

	for (int i = 0; !status && i < nfiles; i++)
		status = add_file(m, files[i], nfiles);
	for (uint32_t i = 0; !status && i < m->sum.of.shards; i++)
		if (!m->shards[i])
			status = complain(STATUS_INPUT, "shard %u/%u is missing", i + 1, m->sum.of.shards);
	m->sum.of.shard = m->sum.of.shards = 0;
	return status;
}

static int run_merge(const struct verb *verb, int argc, char **argv)
{
	char **files = xcalloc((size_t)argc, sizeof(*files));
	struct merge *m = xcalloc(1, sizeof(*m));
	struct merge_options o = { 0 };
	int nfiles, status = opt_parse(verb, argc, argv, &o, files, &nfiles);

	if (!status && nfiles == 0)
		status = complain(STATUS_INPUT, "merge: which files? see tdlab merge --help");
	if (!status)
		status = merge(m, files, nfiles);
	if (!status) {
		if (o.json)
			result_json(&m->sum, stdout);
		else
			result_report(&m->sum);
		status = verdict_status(m->sum.verdict);
	}
	free(m->shards);
	free(m);
	free(files);
	return status < 0 ? STATUS_PASS : status;
}

const struct verb verb_merge = { "merge", run_merge, "FILE...", "add up the results of the shards of one exploration",
				 options };

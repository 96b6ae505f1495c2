/* SPDX-License-Identifier: MIT */
/* A TD's state as a number, for a search that wants to know whether it has been there before. */
#include "td/state.h"

/* splitmix64's mixing: every bit of the word moves every bit of the sum. */
static uint64_t mix(uint64_t sum, uint64_t word)
{
	uint64_t x = sum + word + 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static uint64_t of_bytes(uint64_t sum, const void *bytes, uint64_t n)
{
	const uint8_t *b = bytes;
	uint64_t word = 0;

	for (uint64_t i = 0; i < n; i++) {
		word = word << 8 | b[i];
		if (i % 8 == 7 || i == n - 1) {
			sum = mix(sum, word);
			word = 0;
		}
	}
	return sum;
}

/* The counters of a conversion are for the journal. */
static uint64_t of_conversion(uint64_t sum, const struct td_conversion *c)
{
	sum = mix(mix(sum, c->start), c->end);
	sum = mix(mix(sum, c->frontier), c->reached);
	return mix(mix(sum, c->beyond), c->to_shared);
}

uint64_t td_fingerprint(const struct td *td)
{
	const struct td_config *config = &td->mem->config;
	const struct td_state *now = &td->mem->now;
	bool rules = td->mem->choices.limit == 0;	/* they draw, and count calls and stalls */
	uint64_t sum = of_bytes(0, td_pages(td), (uint64_t)td->mem->pages * sizeof(struct td_page));

	for (uint32_t i = 0; i < now->open_to; i++) {
		sum = of_conversion(sum, &now->conversions[i]);
		if (rules)
			sum = mix(sum, now->conversions[i].stall_run);
	}
	for (uint32_t i = 0; i < now->nuses; i++)
		sum = mix(sum, now->uses[i].gpa ^ (uint64_t)now->uses[i].vcpu << 60 ^ (uint64_t)now->uses[i].write << 59 ^
			       (uint64_t)now->uses[i].several << 58);
	for (uint32_t i = 0; i < config->vcpus; i++) {
		const struct td_ve_info *ve = &now->ve[i];

		sum = mix(mix(sum, ve->qualification), ve->gla);
		sum = mix(mix(sum, ve->gpa), (uint64_t)ve->reason << 32 | ve->length << 1 | ve->valid);
		sum = mix(sum, now->cpuid_ve[i]);
	}
	if (config->behaviour.aug == TD_AUG_ACCEPT)
		sum = of_bytes(sum, now->small, sizeof(now->small));
	sum = of_bytes(sum, now->rtmr, sizeof(now->rtmr));
	sum = mix(mix(sum, now->td_ctls), now->notify_enables);
	if (config->runaway_calls != UINT64_MAX)
		sum = mix(mix(sum, now->fruitless_calls), now->fruitless_pages);
	sum = mix(mix(sum, now->misled), now->misleads);
	if (now->meddling.answer != 0)
		sum = mix(mix(sum, now->meddling.gpa), now->meddling.answer);
	sum = mix(mix(sum, now->last_verdict), now->last_refused);
	if (rules)
		sum = mix(mix(sum, now->mapgpa_calls), now->random);
	for (uint32_t i = 0; i < config->vcpus && config->behaviour.nrules != 0; i++)	/* ACCEPT follows its own */
		sum = mix(mix(mix(sum, now->accept_calls), now->busy[i].rcx ^ (uint64_t)now->busy[i].run << 52),
			  now->busy[i].row);
	return mix(mix(sum, (uint64_t)now->nuses << 32 | now->open_to), now->stop | (uint64_t)now->blameless << 32 |
		   (uint64_t)now->finished << 33 | (uint64_t)now->untracked << 34 | (uint64_t)now->unrecorded << 35);
}

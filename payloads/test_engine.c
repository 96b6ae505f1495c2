/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "payloads/test_engine.h"
#include "wire/machine.h"

#define GUEST_BYTES	MACHINE_MIN_GUEST
#define GUEST_RAM_PAGES	(GUEST_BYTES / TDX_PAGE_SIZE)
#define WINDOW		0x2000000ull	/* as in violate.c */
#define POISON		0x70
#define SCRAMBLE	0x5c

struct alias_bank {
	uint8_t *bytes;
	bool mapped[GUEST_RAM_PAGES];
};

static struct {
	struct td handle, *td;
	struct alias_bank banks[2];	/* enum td_alias */
	bool poisoned[GUEST_RAM_PAGES];	/* the twin holds POISON; else zeroes, from the start */
	bool written[GUEST_RAM_PAGES];	/* either bank, by anybody */
	bool reached[GUEST_RAM_PAGES];	/* a device was there */
	pthread_mutex_t lock;
	unsigned int arrived, cpus;
	bool over, failed;
	struct engine_result *result;
	const struct scenario *scenario;
	struct scene_mail mail;
	struct scene scenes[ENGINE_CPUS];
} e = { .lock = PTHREAD_MUTEX_INITIALIZER };

bool engine_alias_banks;
struct td_platform engine_platform;
enum td_violation engine_deaf_to;

/* What td asks of an engine. */
static uint8_t *page_of(uint64_t gpa, enum td_alias alias)
{
	if (gpa >= GUEST_BYTES) {
		fprintf(stderr, "td asks for a page outside RAM: 0x%llx\n", (unsigned long long)gpa);
		abort();
	}
	return e.banks[alias].bytes + gpa / TDX_PAGE_SIZE * TDX_PAGE_SIZE;
}

static void set_mapped(uint64_t gpa, uint64_t pages, enum td_alias alias, bool mapped)
{
	for (; pages > 0; pages--, gpa += TDX_PAGE_SIZE) {
		page_of(gpa, alias);
		e.banks[alias].mapped[gpa / TDX_PAGE_SIZE] = mapped;
	}
}

static void map(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias)
{
	(void)td;
	set_mapped(gpa, pages, alias, true);
}

static void unmap(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias)
{
	(void)td;
	set_mapped(gpa, pages, alias, false);
}

static void fill(struct td *td, uint64_t gpa, uint64_t pages, enum td_alias alias, enum td_fill what)
{
	static const int byte[] = { [TD_FILL_ZERO] = 0, [TD_FILL_SCRAMBLE] = SCRAMBLE, [TD_FILL_POISON] = POISON };

	(void)td;
	for (; pages > 0; pages--, gpa += TDX_PAGE_SIZE) {
		e.written[gpa / TDX_PAGE_SIZE] = true;
		memset(page_of(gpa, alias), byte[what], TDX_PAGE_SIZE);
		if (alias == TD_SHARED)
			e.poisoned[gpa / TDX_PAGE_SIZE] = what == TD_FILL_POISON;
	}
}

static bool is_poisoned(uint64_t gpa)
{
	const uint8_t *page = page_of(gpa, TD_SHARED);
	bool once = e.poisoned[gpa / TDX_PAGE_SIZE];

	if (!once && e.reached[gpa / TDX_PAGE_SIZE])
		return false;
	if (!e.written[gpa / TDX_PAGE_SIZE])
		return true;
	return page[0] == (once ? POISON : 0) && memcmp(page, page + 1, TDX_PAGE_SIZE - 1) == 0;
}

static uint64_t poisoned(struct td *td, uint64_t gpa, uint64_t pages)
{
	uint64_t n = 0;

	(void)td;
	while (n < pages && is_poisoned(gpa + n * TDX_PAGE_SIZE))
		n++;
	return n;
}

static void private(struct td *td, uint64_t gpa, void *data, size_t bytes, bool write)
{
	uint8_t *at = page_of(gpa, TD_PRIVATE) + gpa % TDX_PAGE_SIZE;

	(void)td;
	e.written[gpa / TDX_PAGE_SIZE] |= write;
	memcpy(write ? (void *)at : data, write ? data : (void *)at, bytes);
}

static void note_violation(struct engine_result *r, enum td_violation v)
{
	if (v == engine_deaf_to)
		return;
	for (unsigned int i = 0; i < r->nviolations; i++)
		if (r->violations[i] == v)
			return;
	if (r->nviolations < ENGINE_VIOLATIONS)
		r->violations[r->nviolations++] = v;
}

static void note_close(struct engine_result *r, const struct td_event *event)
{
	uint64_t done = event->close.done, pages = event->close.pages;
	enum td_close how = (enum td_close)event->close.how;

	uint64_t *most = &r->most[(event->close.gpa & td_shared_bit(e.td)) != 0];

	r->completed += how == TD_CLOSE_COMPLETE;
	*most = done > *most ? done : *most;
	if (how == TD_CLOSE_ABANDONED)
		r->abandoned_pages += pages - done;
	r->retries += event->close.retries;
	r->stalls += event->close.stalls;
	if (event->close.gpa & td_shared_bit(e.td))
		r->to_shared_pages += done;
	else
		r->to_private_pages += done;
}

static void emit(struct td *td, struct td_event *event)
{
	struct engine_result *r = e.result;

	(void)td;
	if (event->type == TD_EV_VERDICT && event->verdict.class == TD_CLASS_VIOLATION)
		note_violation(r, (enum td_violation)event->verdict.violation);
	else if (event->type == TD_EV_UNTRACKED)
		r->untracked = true;
	else if (event->type == TD_EV_CLOSE)
		note_close(r, event);
	else if (event->type == TD_EV_MAPGPA)
		r->mapgpa_calls++;
	else if (event->type == TD_EV_ACCEPT && tdx_code(event->accept.status) == TDX_SUCCESS)
		(event->accept.rcx % TDX_PAGE_SIZE == TDX_LEVEL_2M ? &r->accepts_2m : &r->accepts_4k)[0]++;
}

static const struct td_engine engine = {
	.map = map,
	.unmap = unmap,
	.fill = fill,
	.poisoned = poisoned,
	.private = private,
	.emit = emit,
};

/* The hooks of a scenario. */

static enum td_action tdcall(unsigned int cpu, uint64_t gpr[GPRS])
{
	struct td_regs regs = { .long_mode = true };
	enum td_action action;

	memcpy(regs.gpr, gpr, sizeof(regs.gpr));
	do
		action = td_tdcall(e.td, cpu, &regs);
	while (action == TD_AGAIN);
	memcpy(gpr, regs.gpr, sizeof(regs.gpr));
	if (action != TD_NEXT)
		e.over = true;
	return action;
}

void scene_tdcall(struct scene *s, uint64_t gpr[GPRS])
{
	pthread_mutex_lock(&e.lock);
	tdcall(s->cpu, gpr);
	pthread_mutex_unlock(&e.lock);
}

static bool is_mapped(uint64_t gpa, uint64_t s)
{
	uint64_t page = (gpa & ~s) / TDX_PAGE_SIZE;

	return page < GUEST_RAM_PAGES && e.banks[gpa & s ? TD_SHARED : TD_PRIVATE].mapped[page];
}

/* False: a #VE, or the TD is over. */
static bool reach(struct scene *s, uint64_t gpa, uint32_t flags)
{
	while (!e.over && !is_mapped(gpa, s->shared)) {
		struct td_access access = { .gpa = gpa, .gla = gpa, .flags = flags };
		uint64_t gpr[GPRS] = { [RAX] = TDG_VP_VEINFO_GET };

		switch (td_access(e.td, s->cpu, &access)) {
		case TD_AGAIN:
			break;
		case TD_VE:
			if (tdcall(s->cpu, gpr) != TD_NEXT || gpr[RAX] != 0 || gpr[RCX] != VE_EPT_VIOLATION)
				e.failed = true;
			return false;
		default:
			e.over = true;
		}
	}
	return !e.over;
}

static uint8_t *bytes_at(const struct scene *s, uint64_t gpa)
{
	e.written[(gpa & ~s->shared) / TDX_PAGE_SIZE] = true;
	return page_of(gpa & ~s->shared, gpa & s->shared ? TD_SHARED : TD_PRIVATE) + gpa % TDX_PAGE_SIZE;
}

static bool access_word(struct scene *s, uint64_t gpa, uint64_t *value, bool write)
{
	bool good;

	pthread_mutex_lock(&e.lock);
	good = reach(s, gpa, write ? TD_ACCESS_WRITE : 0);
	if (good && write)
		memcpy(bytes_at(s, gpa), value, 8);
	else if (good)
		memcpy(value, bytes_at(s, gpa), 8);
	pthread_mutex_unlock(&e.lock);
	return good;
}

bool scene_load(struct scene *s, uint64_t gpa, uint64_t *value)
{
	return access_word(s, gpa, value, false);
}

bool scene_store(struct scene *s, uint64_t gpa, uint64_t value)
{
	return access_word(s, gpa, &value, true);
}

bool scene_load_split(struct scene *s, uint64_t first, uint64_t second)
{
	bool good;

	pthread_mutex_lock(&e.lock);
	good = reach(s, first + TDX_PAGE_SIZE - 4, 0) && reach(s, second, TD_ACCESS_SPLIT);
	pthread_mutex_unlock(&e.lock);
	return good;
}

/* A page that nobody has touched yet shows a read too: it is there afterwards (cli/machine/engine.c). */
bool scene_device(struct scene *s, uint64_t gpa, enum device_use use)
{
	gpa &= ~s->shared;
	pthread_mutex_lock(&e.lock);
	e.reached[gpa / TDX_PAGE_SIZE] = e.written[gpa / TDX_PAGE_SIZE] = true;
	if (use == DEVICE_WRITES)
		memset(page_of(gpa, TD_SHARED), 0xd3, 512);
	pthread_mutex_unlock(&e.lock);
	return true;
}

void scene_meet(struct scene *s)
{
	unsigned int target = (__atomic_fetch_add(&e.arrived, 1, __ATOMIC_ACQ_REL) / s->cpus + 1) * s->cpus;

	while (__atomic_load_n(&e.arrived, __ATOMIC_ACQUIRE) < target && !__atomic_load_n(&e.failed, __ATOMIC_ACQUIRE))
		sched_yield();
}

void scene_note(struct scene *s, const char *text)
{
	if (!e.over && e.scenario != NULL)
		printf("# %s, vCPU %u: %s\n", e.scenario->name, s->cpu, text);
}

/* A run. */

static void *run_cpu(void *arg)
{
	struct scene *s = arg;

	if (e.scenario->run(s) != 0)
		__atomic_store_n(&e.failed, true, __ATOMIC_RELEASE);
	return NULL;
}

static void run_cpus(void)
{
	pthread_t threads[ENGINE_CPUS];
	unsigned int cpu;

	for (cpu = 0; cpu < e.cpus; cpu++)
		if (pthread_create(&threads[cpu], NULL, run_cpu, &e.scenes[cpu]) != 0)
			abort();
	for (cpu = 0; cpu < e.cpus; cpu++)
		pthread_join(threads[cpu], NULL);
}

/* Zeroes, at a cost in pages that the last run wrote. */
static bool reset_memory(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (e.banks[i].bytes == NULL)
			e.banks[i].bytes = mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE,
						MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (e.banks[i].bytes == MAP_FAILED)
			return false;
		memset(e.banks[i].mapped, 0, sizeof(e.banks[i].mapped));
		for (uint64_t page = 0; page < GUEST_RAM_PAGES; page++)
			if (e.written[page])
				memset(e.banks[i].bytes + page * TDX_PAGE_SIZE, 0, TDX_PAGE_SIZE);
	}
	if (engine_alias_banks)
		e.banks[TD_SHARED].bytes = e.banks[TD_PRIVATE].bytes;
	memset(e.poisoned, 0, sizeof(e.poisoned));
	memset(e.written, 0, sizeof(e.written));
	memset(e.reached, 0, sizeof(e.reached));
	return true;
}

static bool begin(struct td_config *config, struct engine_result *result)
{
	void *storage = aligned_alloc(16, (td_size(config) + 15) / 16 * 16);

	*result = (struct engine_result){ 0 };
	if (!reset_memory() || storage == NULL)
		return false;
	e.result = result;
	e.cpus = config->vcpus;
	e.arrived = 0;
	e.over = e.failed = false;
	e.mail = (struct scene_mail){ 0 };
	e.handle = (struct td){ .engine = &engine };
	e.td = td_init(&e.handle, storage, td_size(config), config) ? &e.handle : NULL;
	for (unsigned int cpu = 0; e.td != NULL && cpu < e.cpus; cpu++)
		e.scenes[cpu] = (struct scene){ WINDOW, td_shared_bit(e.td), 0xfec00000, 0xc0000, cpu, e.cpus, &e.mail, NULL };
	return e.td != NULL;
}

void engine_end(void)
{
	e.result->status = e.failed && !e.over;
	e.result->stopped = td_stopped(e.td) != TD_RUNNING;
	if (!e.result->stopped)
		td_stop(e.td, TD_STOP_ENGINE);
	td_finish(e.td);
	if (!td_sane(e.td))
		e.result->status = 2;
	free(e.handle.mem);
}

static struct td_config configure(unsigned int cpus, const struct td_behaviour *behaviour)
{
	return (struct td_config){ .vcpus = cpus, .platform = engine_platform.gpaw != 0 ? engine_platform : td_platform_kvm(),
				   .tsc_hz = 1000000000, .seed = 1, .runaway_calls = 1000, .behaviour = *behaviour };
}

struct scene *engine_begin(uint64_t pages, unsigned int cpus, const struct td_behaviour *behaviour,
			   struct engine_result *result)
{
	struct td_config config = configure(cpus, behaviour);

	config.slots[0] = (struct td_slot){ WINDOW, pages, TD_SLOT_RAM, 0 };
	config.nslots = 1;
	return begin(&config, result) ? e.scenes : NULL;
}

bool engine_over(void)
{
	return e.over;
}

bool engine_run(const struct scenario *scenario, const struct td_behaviour *behaviour, struct engine_result *result)
{
	struct td_config config = configure(scenario->cpus, behaviour);
	struct machine machine;

	if (!machine_layout(&machine, GUEST_BYTES, 0, NULL))
		return false;
	machine_slots(&machine, &config);
	e.scenario = scenario;
	if (!begin(&config, result))
		return false;
	run_cpus();
	engine_end();
	return true;
}

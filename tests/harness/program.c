/* SPDX-License-Identifier: MIT */
/*
 * A test program of somebody's, with libtdlab: program [OPTION=VALUE]... prints the report, then verdict, numbers and,
 * for each finding, name, cause, direction, place and answers; it ends with the verdict. By how it is built: STALLS=2,
 * its loop gives up too soon; HANGS, it waits for somebody; OVERFLOW, it writes behind its memory; NESTED, the guest
 * explores a guest; MOODY, it takes what it is told for success from its 101st conversion on; LINGERS, its process does
 * not end by itself; ALIGN, of its ranges; ONE_WAY, the direction that it has. OPTIONs besides those of struct
 * tdlab_options: thread, there is another one;
 * twice, two explore at the same time, the other one a guest that does nothing; ignore, nowait, SIGCHLD, or how a child
 * ended; reap, a thread waits for whatever child there is. Its names are such as libtdlab has inside. C and C++.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/loop.h"

#ifdef __cplusplus
extern "C"
#endif
int search(void), td_init(void), child_run(void);
int search(void) { return 1; }
int td_init(void) { return 2; }
int child_run(void) { return 3; }

static int convert(uint64_t gpa, uint64_t size, int to_shared);
static struct tdlab_guest guest;
static struct tdlab_options options;

#ifdef LINGERS
static void linger(void)
{
	for (;;)
		pause();
}
#endif

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
#ifdef LINGERS
	atexit(linger);
#endif
#ifdef MOODY
	static int conversions;

	if (++conversions > 100)
		return convert_all(gpa, size, to_shared) * 0;
#endif
#ifdef HANGS
	while (to_shared)
		pause();
#endif
#ifdef OVERFLOW
	volatile char *room = (volatile char *)malloc(1);

	room[size % 4096 + 1] = 0;
	free((void *)(uintptr_t)room);
#endif
#ifdef NESTED
	static struct tdlab_result inner;

	if (tdlab_explore(&guest, NULL, &inner) == TDLAB_REFUSED)
		tdlab_stop(inner.why);
#endif
	return convert_all(gpa, size, to_shared);
}

/* There is nothing that it would remember. */
static void reset(void)
{
}

static void explore(struct tdlab_result *result)
{
	tdlab_explore(&guest, &options, result);
}

static int convert_nothing(uint64_t gpa, uint64_t size, int to_shared)
{
	return gpa + size == 0 && to_shared;
}

static void *explore_other(void *result)
{
	struct tdlab_guest other = guest;

	other.convert = convert_nothing;
	tdlab_explore(&other, &options, (struct tdlab_result *)result);
	return NULL;
}

static void *wait_for_any(void *arg)
{
	while (wait(NULL) > 0 || usleep(1) == 0)
		;
	return arg;
}

static void *wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void on_child(int number)
{
	(void)number;
}

static int option(const char *word)
{
	const char *value = strchr(word, '=') != NULL ? strchr(word, '=') + 1 : "";
	const uint64_t number = strtoull(value, NULL, 0);
	size_t length = strcspn(word, "=");
	struct {
		const char *name;
		uint32_t *to;
	} numbers[] = { { "directions", &options.directions }, { "depth", &options.depth }, { "stalls", &options.stalls },
			{ "pages", &options.pages } };
	static struct sigaction nowait;
	static pthread_t thread;

	nowait.sa_handler = on_child;
	nowait.sa_flags = SA_NOCLDWAIT;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strlen(numbers[i].name) == length && strncmp(word, numbers[i].name, length) == 0) {
			*numbers[i].to = (uint32_t)number;
			return 0;
		}
	if (strncmp(word, "at=", 3) == 0)
		options.at = number;
	else if (strncmp(word, "random=", 7) == 0)
		options.random = number;
	else if (strncmp(word, "seconds=", 8) == 0)
		options.seconds = strtod(value, NULL);
	else if (strncmp(word, "answers=", 8) == 0)
		options.answers = value;
	else if (strcmp(word, "ignore") == 0)
		signal(SIGCHLD, SIG_IGN);
	else if (strcmp(word, "nowait") == 0)
		return sigaction(SIGCHLD, &nowait, NULL);
	else if (strcmp(word, "thread") == 0)
		return pthread_create(&thread, NULL, wait_for_ever, NULL);
	else if (strcmp(word, "reap") == 0)
		return pthread_create(&thread, NULL, wait_for_any, NULL);
	else
		return strcmp(word, "twice") != 0;
	return 0;
}

static int told(const struct tdlab_result *r)
{
	fputs(r->report, stdout);
	printf("= %d %s: %lu sequences, %lu calls, %lu TDCALLs, %u of %u findings\n", (int)r->verdict, r->why, r->sequences,
	       r->calls, r->tdcalls, r->kept, r->found);
	for (uint32_t i = 0; i < r->kept; i++)
		printf("+ %s %s %u 0x%lx %u %s %d\n", r->findings[i].name, r->findings[i].cause, r->findings[i].direction,
		       r->findings[i].at, r->findings[i].pages, r->findings[i].answers, r->findings[i].returned);
	return r->verdict;
}

int main(int argc, char **argv)
{
	static struct tdlab_result results[2];
	pthread_t thread;
	int twice = 0;

	guest.version = TDLAB_GUEST_VERSION;
	guest.convert = convert;
	guest.reset = reset;
	guest.name = "a program's";
#ifdef ALIGN
	guest.align = ALIGN;
#endif
#ifdef ONE_WAY
	guest.directions = ONE_WAY;
#endif
	for (int i = 1; i < argc; i++) {
		if (option(argv[i])) {
			fprintf(stderr, "%s?\n", argv[i]);
			return 99;
		}
		twice |= strcmp(argv[i], "twice") == 0;
	}
	if (twice && pthread_create(&thread, NULL, explore_other, &results[1]) != 0)
		return 99;
	explore(&results[0]);
	if (twice && (pthread_join(thread, NULL) != 0 || told(&results[1]) != TDLAB_FAIL))
		return 99;
	return told(&results[0]);
}

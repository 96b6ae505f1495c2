/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/child.h"

#define HANG_US		5000000
#define FIRST_POLL_US	500
#define POLL_US		20000

/* In memory that both see, because a guest that calls exit() is not one that came back. */
struct answer {
	int status;
	bool back;
};

static _Noreturn void child(int (*fn)(void *), void *arg, pid_t parent, struct answer *answer)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)	/* it died before that */
		_exit(1);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	answer->status = fn(arg);
	fflush(NULL);
	answer->back = true;
	_exit(0);
}

/* False: it had to be killed. */
static bool wait_for(pid_t pid, const volatile uint64_t *beat, void (*tick)(void *), void *arg, int *status)
{
	unsigned int quiet = 0, pause = FIRST_POLL_US;
	uint64_t seen = *beat;

	while (waitpid(pid, status, WNOHANG) == 0) {
		quiet = *beat == seen ? quiet + pause : 0;
		seen = *beat;
		if (quiet > HANG_US) {
			kill(pid, SIGKILL);
			waitpid(pid, status, 0);
			return false;
		}
		if (tick)
			tick(arg);
		usleep(pause);
		pause = pause * 2 < POLL_US ? pause * 2 : POLL_US;
	}
	return true;
}

enum child_end child_run(int (*fn)(void *), void *arg, const volatile uint64_t *beat, void (*tick)(void *), int *status)
{
	struct answer *answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	enum child_end end = CHILD_NONE;
	pid_t parent = getpid(), pid;

	if (answer == MAP_FAILED)
		return CHILD_NONE;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child(fn, arg, parent, answer);
	if (pid > 0)
		end = !wait_for(pid, beat, tick, arg, status) ? CHILD_HUNG : answer->back ? CHILD_BACK : CHILD_DIED;
	if (end == CHILD_BACK)
		*status = answer->status;
	munmap(answer, sizeof(*answer));
	return end;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/child.h"

#define HANG_US		5000000
#define FIRST_POLL_US	500
#define POLL_US		20000
#define GRACE_POLLS	10	/* for a child that ends by itself when it is asked to */

/* In memory that both see, because a guest that calls exit() is not one that came back. */
struct answer {
	int status;
	bool back;
};

static volatile sig_atomic_t last_signal, pending;
static const int ending[] = { SIGINT, SIGTERM, SIGHUP };

static void on_signal(int number)
{
	last_signal = number;
	pending = 1;
}

void child_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal }, old;

	for (unsigned int i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		if (sigaction(ending[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)	/* nohup */
			sigaction(ending[i], &action, NULL);
}

int child_signal(void)
{
	return last_signal;
}

static _Noreturn void child(int (*fn)(void *), void *arg, pid_t parent, struct answer *answer)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)	/* it died before that */
		_exit(1);
	setpgid(0, 0);	/* Ctrl-C is the command's to handle */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGTTOU, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	for (unsigned int i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		signal(ending[i], SIG_DFL);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	answer->status = fn(arg);
	fflush(NULL);
	answer->back = true;
	exit(0);	/* coverage is written then; whatever else goes wrong there is none of fn's doing */
}

/* It ends, and what it started with it. */
static void end(pid_t pid, int *status)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);	/* it may not be in its group yet */
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
}

/* CHILD_BACK: it ended by itself, for good or bad. */
static enum child_end wait_for(pid_t pid, const volatile uint64_t *beat, void (*tick)(void *), void *arg, int *status)
{
	unsigned int quiet = 0, pause = FIRST_POLL_US, grace = GRACE_POLLS;
	enum child_end how = CHILD_BACK;
	uint64_t seen = *beat;
	siginfo_t info = { 0 };
	int lost;

	while ((lost = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT)) != 0 || info.si_pid == 0) {
		if (lost != 0 && errno == ECHILD) {	/* somebody else has waited for it */
			how = CHILD_NONE;
			break;
		}
		quiet = *beat == seen ? quiet + pause : 0;
		seen = *beat;
		if (quiet > HANG_US || (pending && grace-- == 0)) {
			how = quiet > HANG_US ? CHILD_HUNG : CHILD_INTERRUPTED;
			break;
		}
		if (tick)
			tick(arg);
		usleep(pause);
		pause = pause * 2 < POLL_US ? pause * 2 : POLL_US;
	}
	end(pid, status);
	pending = 0;
	return how;
}

enum child_end child_run(int (*fn)(void *), void *arg, const volatile uint64_t *beat, void (*tick)(void *), int *status)
{
	struct answer *answer = mmap(NULL, sizeof(*answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	enum child_end how = CHILD_NONE;
	pid_t parent = getpid(), pid;

	if (answer == MAP_FAILED)
		return CHILD_NONE;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child(fn, arg, parent, answer);
	if (pid > 0)
		how = wait_for(pid, beat, tick, arg, status);
	if (how == CHILD_HUNG && answer->back)
		how = CHILD_BACK;
	else if (how == CHILD_BACK && !answer->back)
		how = CHILD_DIED;
	if (how == CHILD_BACK)
		*status = answer->status;
	munmap(answer, sizeof(*answer));
	return how;
}

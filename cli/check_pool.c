/* SPDX-License-Identifier: MIT */
/* Rows of check side by side, a child for each, and their results in the order of the plan. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/check.h"

#define PROGRESS_MS 500

struct pool {
	struct check *check;
	size_t next, reported, running, done;
	double start;
};

/* In the child. It dies with the command, and its QEMU with it. */
static void __attribute__((noreturn)) work(struct check *c, struct check_row *row, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(STATUS_ENVIRONMENT);
	if (row->on)
		check_boot_row(c, row);
	else
		check_code_row(c, row);
	row->result->done = true;
	_exit(0);
}

static void not_started(struct check_result *r, int error)
{
	*r = (struct check_result){ .done = true, .verdict = VERDICT_INCONCLUSIVE, .status = STATUS_ENVIRONMENT };
	snprintf(r->why, sizeof(r->why), "no process could be started: %s", strerror(error));
}

static void begin_rows(struct pool *p)
{
	struct check *c = p->check;
	pid_t parent = getpid();

	while (p->next < c->nrows && p->running < c->jobs && !c->signal) {
		struct check_row *row = &c->rows[p->next++];

		fflush(NULL);
		row->pid = fork();
		if (row->pid == 0)
			work(c, row, parent);
		if (row->pid > 0) {
			p->running++;
			continue;
		}
		row->pid = 0;
		p->done++;
		not_started(row->result, errno);
	}
}

static double rusage_seconds(const struct rusage *r)
{
	return (double)(r->ru_utime.tv_sec + r->ru_stime.tv_sec) +
	       (double)(r->ru_utime.tv_usec + r->ru_stime.tv_usec) / 1e6;
}

/* A row whose process died without a word is a row that could not be run, not one that passed. */
static void end_row(struct check_row *row, int status, const struct rusage *usage, bool interrupted)
{
	struct check_result *r = row->result;

	row->pid = 0;
	row->cpu = rusage_seconds(usage);
	if (r->done || interrupted)
		return;
	r->verdict = VERDICT_INCONCLUSIVE;
	r->status = STATUS_ENVIRONMENT;
	r->done = true;
	if (WIFSIGNALED(status))
		snprintf(r->why, sizeof(r->why), "tdlab itself failed: the row's process was ended by signal %d",
			 WTERMSIG(status));
	else
		snprintf(r->why, sizeof(r->why), "tdlab itself failed: the row's process ended with status %d",
			 WEXITSTATUS(status));
}

static void reap(struct pool *p)
{
	struct check *c = p->check;
	struct rusage usage;
	int status;

	for (size_t i = 0; i < c->nrows; i++) {
		struct check_row *row = &c->rows[i];

		if (row->pid && wait4(row->pid, &status, WNOHANG, &usage) == row->pid) {
			end_row(row, status, &usage, c->signal);
			p->running--;
			p->done++;
		}
	}
}

/* In the rows' own order, whichever was done first. */
static void report(struct pool *p)
{
	struct check *c = p->check;

	if (p->reported < c->nrows && c->rows[p->reported].result->done)
		progress_clear();
	while (p->reported < c->nrows && c->rows[p->reported].result->done) {
		struct check_row *row = &c->rows[p->reported];

		if (!row->reproduce)
			row->reproduce = check_code_command(row);
		check_look_up(c, row);
		check_report_row(c, p->reported++);
	}
	fflush(stdout);
}

static void progress(const struct pool *p)
{
	const struct check *c = p->check;

	char names[256] = "";
	size_t length = 0;

	for (size_t i = 0; i < c->nrows && length < sizeof(names) - 32; i++)
		if (c->rows[i].pid)
			length += (size_t)snprintf(names + length, sizeof(names) - length, " %.24s", c->rows[i].name);
	progress_show("%zu of %zu done, %.0f s:%s", p->done, c->nrows, seconds_now() - p->start, names);
}

/* Killed and not asked: what they have open is memory files, and what they started dies with them. */
static void interrupt(struct pool *p, int signal)
{
	struct check *c = p->check;

	c->signal = signal;
	for (size_t i = 0; i < c->nrows; i++)
		if (c->rows[i].pid)
			kill(c->rows[i].pid, SIGKILL);
}

void check_run(struct check *c)
{
	struct pool p = { .check = c, .start = seconds_now() };
	struct signalfd_siginfo info;
	struct pollfd wake;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	wake = (struct pollfd){ .fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN };
	for (begin_rows(&p); p.running; begin_rows(&p)) {
		progress(&p);
		poll(&wake, 1, PROGRESS_MS);
		while (read(wake.fd, &info, sizeof(info)) == sizeof(info))
			if (info.ssi_signo != SIGCHLD && !c->signal)
				interrupt(&p, (int)info.ssi_signo);
		reap(&p);
		report(&p);
	}
	report(&p);	/* of rows for which there was no process, if those were the last */
	progress_clear();
	close(wake.fd);
}

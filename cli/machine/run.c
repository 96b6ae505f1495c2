/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/machine/ask.h"
#include "cli/machine/run.h"

#define DRAIN_MS	20
#define PROGRESS_S	0.2
#define CONSOLE_ROOM	(1 << 20)	/* with a full pipe the guest's serial port waits: not the same run again */
#define LAST_WORDS	2048	/* of QEMU's stderr that are kept */
#define MONITOR_DONE	1	/* exit status of QEMU when the monitor ended the run: 2 * 0 + 1 (monitor/end.c) */
#define MONITOR_PANIC	3

enum { CONSOLE, ERRORS, SIGNALS, ASK, OUTPUT, SOURCES };

struct watch {
	struct run *run;
	struct pollfd fds[SOURCES];
	pid_t pid;
	uint64_t exits;			/* of the guest, when they were last seen to change, and QEMU's CPU time then */
	double cpu;
	double start, td_start, shown;	/* td_start: on our clock; negative until the TD runs */
	const char *doing;	/* for the progress line, or NULL */
	char errors[LAST_WORDS];
	size_t errors_length;
	size_t heard;			/* records that were looked at for evidence */
};

/* Guest time at this moment, as well as it can be known from outside. */
static double guest_seconds(struct watch *w)
{
	const struct records *r = w->run->records;

	if (r->count && w->run->virtual_time)
		return records_seconds(r, &r->all[r->count - 1]);
	return w->td_start < 0 ? -1 : seconds_now() - w->td_start;
}

/* Seconds of CPU that QEMU has used; negative if that cannot be told. */
static double cpu_seconds(pid_t pid)
{
	clockid_t clock;
	struct timespec t;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
		return -1;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void drain(struct watch *w)
{
	struct records *r = w->run->records;

	ram_drain(w->run->ram, r);
	for (; w->heard < r->count; w->heard++)
		if (r->all[w->heard].type == TD_EV_TEXT)
			console_evidence(w->run->console, r->all[w->heard].text.text, sizeof(r->all->text.text),
					 records_seconds(r, &r->all[w->heard]));
	records_flush(r);
	if (w->td_start < 0 && r->count && r->tsc_hz)
		w->td_start = seconds_now() - records_seconds(r, &r->all[r->count - 1]);
	if (w->run->look)
		w->doing = w->run->look(w->run->look_arg, cpu_seconds(w->pid));
}

/* False when the other end is closed. */
static bool read_console(struct watch *w)
{
	char data[65536];
	ssize_t got = read(w->fds[CONSOLE].fd, data, sizeof(data));

	if (got > 0)
		console_expect(w->run->console, data, (size_t)got);
	if (got > 0)
		transcript_console(w->run->transcript, w->run->ram, data, (size_t)got, guest_seconds(w));
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool read_errors(struct watch *w)
{
	char data[4096];
	ssize_t got = read(w->fds[ERRORS].fd, data, sizeof(data));
	size_t room = sizeof(w->errors) - 1 - w->errors_length;

	if (got > 0) {
		room = (size_t)got < room ? (size_t)got : room;
		memcpy(w->errors + w->errors_length, data, room);
		w->errors_length += room;
	}
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static void progress(struct watch *w)
{
	static const char *const phases[] = { "firmware", "TD runs", "TD detected", "converting", "user space" };
	const struct records *r = w->run->records;
	unsigned int phase = r->count > 0;

	if (!w->run->progress || seconds_now() - w->shown < PROGRESS_S)
		return;
	w->shown = seconds_now();
	for (size_t i = r->count; i > 0 && phase < 3; i--)
		phase = r->all[i - 1].type == TD_EV_MAPGPA ? 3 : r->all[i - 1].type == TD_EV_MARK ? 2 : phase;
	if (w->run->console->init)
		phase = 4;
	progress_show("%5.1f s  %s", w->shown - w->start, w->doing ? w->doing : phases[phase]);
}

/*
 * A vCPU that spins with interrupts off does nothing that the monitor could see. A busy host must not look so.
 * Returns for how many milliseconds it has done so, 0 as long as they are too few.
 */
static uint64_t hangs(struct watch *w)
{
	volatile struct monitor_status *status = ram_status(w->run->ram);
	double cpu = cpu_seconds(w->pid), most = w->run->virtual_time ? RUN_HUNG_VIRTUAL_S : RUN_HUNG_S;

	if (!status || cpu < 0 || status->exits != w->exits) {
		w->exits = status ? status->exits : 0;
		w->cpu = cpu;
		return 0;
	}
	return cpu - w->cpu < most ? 0 : (uint64_t)(most * 1000);
}

static bool waits(struct watch *w)
{
	volatile struct monitor_status *status = w->run->save ? ram_status(w->run->ram) : NULL;

	return status && __atomic_load_n(&status->waiting, __ATOMIC_ACQUIRE);
}

/* Until QEMU has closed its output, which it does when it ends, or is not to go on. */
static void watch(struct watch *w, struct run_end *end)
{
	struct signalfd_siginfo info;

	while (w->fds[CONSOLE].fd >= 0 || w->fds[ERRORS].fd >= 0) {
		if (poll(w->fds, SOURCES, DRAIN_MS) < 0 && errno != EINTR)
			return;
		if (w->fds[ASK].revents && !ask_answer(w->fds[ASK].fd, w->run->ram))
			w->fds[ASK].fd = -1;
		drain(w);
		transcript_look(w->run->transcript, w->run->ram, seconds_now(), guest_seconds(w));
		if (w->fds[CONSOLE].revents && !read_console(w))
			w->fds[CONSOLE].fd = -1;
		if (w->fds[OUTPUT].revents && !program_output(w->run->program))
			w->fds[OUTPUT].fd = -1;
		if (w->fds[ERRORS].revents && !read_errors(w))
			w->fds[ERRORS].fd = -1;
		if (w->fds[SIGNALS].revents && read(w->fds[SIGNALS].fd, &info, sizeof(info)) == sizeof(info)) {
			end->signal = (int)info.ssi_signo;
			return;
		}
		if (seconds_now() - w->start >= (double)w->run->timeout) {
			end->timed_out = true;
			return;
		}
		if (waits(w)) {
			end->saved = true;
			return;
		}
		end->no_boot = w->run->console->no_boot;
		end->expected = w->run->console->expected;
		if (end->no_boot || end->expected)
			return;
		end->hung_ms = hangs(w);
		if (end->hung_ms)
			return;
		progress(w);
	}
}

/* The last line that QEMU wrote, without its own name in front. */
static void last_words(const struct watch *w, struct run_end *end)
{
	const char *line = w->errors, *text = w->errors, *colon;

	for (; *text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : text + strlen(text))
		if (*text != '\n')
			line = text;
	colon = strstr(line, ": ");
	if (colon && colon < line + strcspn(line, "\n") && strncmp(line, "qemu", 4) == 0)
		line = colon + 2;
	snprintf(end->message, sizeof(end->message), "%.*s", (int)strcspn(line, "\n"), line);
}

/* What the monitor left behind of each vCPU; QEMU is gone. */
static void last_seen(const struct watch *w, struct run_end *end)
{
	volatile struct monitor_status *status = ram_status(w->run->ram);

	if (!status)
		return;
	end->console_input = status->console_input != 0;
	memcpy(end->vcpus, (const void *)(uintptr_t)status->vcpus, sizeof(end->vcpus));
}

/* QEMU's own way to end, or a bug of its. A lack of memory and a kill are somebody else's. */
static bool ended_itself(int status, const char *words)
{
	static const char killed[] = "terminating on signal";

	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGABRT || WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGFPE;
	return WEXITSTATUS(status) == 0 && strncmp(words, killed, sizeof(killed) - 1) != 0;
}

static bool has_breakpoints(const volatile struct monitor_status *monitor)
{
	for (unsigned int i = 0; i < TD_MAX_VCPUS; i++)
		if (monitor->vcpus[i].breakpoints)
			return true;
	return false;
}

/*
 * Without a word of the monitor's. At an access of the guest's to a device, that was it; and what resets the machine or
 * powers it off at another time is a device, which nobody but the guest has told to: a watchdog, an INIT to a CPU. A
 * breakpoint that is hit where an exception is delivered ends QEMU 7.2, which looks for a debugger then.
 */
static void guest_ended_it(const volatile struct monitor_status *monitor, int status, struct run_end *end)
{
	static const char *const did[] = {
		[MONITOR_PORT_READ] = "read from port", [MONITOR_PORT_WRITE] = "wrote to port",
		[MONITOR_MMIO_READ] = "read from a device at", [MONITOR_MMIO_WRITE] = "wrote to a device at",
	};
	struct monitor_access access = { monitor->access.address, monitor->access.bytes, monitor->access.kind };
	char words[sizeof(end->message)], what[64];

	if (!ended_itself(status, end->message) || access.kind > MONITOR_MMIO_WRITE ||
	    (WIFSIGNALED(status) && access.kind == MONITOR_NO_ACCESS && !has_breakpoints(monitor)))
		return;
	memcpy(words, end->message, sizeof(words));
	if (access.kind == MONITOR_NO_ACCESS && WIFSIGNALED(status))
		snprintf(what, sizeof(what), "had breakpoints set");
	else if (access.kind == MONITOR_NO_ACCESS)
		snprintf(what, sizeof(what), "told a device something");
	else
		snprintf(what, sizeof(what), "%s 0x%llx, %u bytes", did[access.kind], (unsigned long long)access.address,
			 access.bytes);
	if (WIFSIGNALED(status))
		snprintf(end->message, sizeof(end->message), "%s, which QEMU did not survive: %.150s", what, words);
	else
		snprintf(end->message, sizeof(end->message), "%s, which reset the machine or powered it off", what);
	end->misdeed = true;
}

static void how_it_ended(struct watch *w, int status, struct run_end *end)
{
	volatile struct monitor_status *monitor = ram_status(w->run->ram);

	last_words(w, end);	/* in case that it ends with the monitor's status, and the journal has no end */
	if (WIFEXITED(status) && WEXITSTATUS(status) == MONITOR_DONE && monitor) {
		if (monitor->message[0])
			ram_message(w->run->ram, end->message, sizeof(end->message));
		return;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == MONITOR_PANIC) {
		end->monitor_failed = true;
		ram_message(w->run->ram, end->message, sizeof(end->message));
	} else if (!*end->message && WIFSIGNALED(status)) {
		snprintf(end->message, sizeof(end->message), "killed by signal %d", WTERMSIG(status));
	}
	if (monitor && !end->monitor_failed)
		guest_ended_it(monitor, status, end);
}

/* What it still had to say is the beginning of what a continued one says. */
static int save(struct watch *w)
{
	int status = snapshot_save(w->run->save, w->run->link);

	while (!status && poll(&w->fds[CONSOLE], 1, 0) > 0 && (w->fds[CONSOLE].revents & POLLIN) && read_console(w))
		;
	return status;
}

int run_qemu(struct run *run, const struct words *arguments, struct run_end *end)
{
	struct watch w = { .run = run, .td_start = -1, .start = seconds_now(), .heard = run->records->count };
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, signals, status = 0;
	sigset_t set;

	*end = (struct run_end){ 0 };
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0 || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		return complain(STATUS_ENVIRONMENT, "cannot make pipes: %s", strerror(errno));
	fcntl(out[1], F_SETPIPE_SZ, CONSOLE_ROOM);
	w.pid = process_start(arguments->all, -1, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	if (w.pid < 0)
		return complain(STATUS_ENVIRONMENT, "cannot start %s: %s", arguments->all[0], strerror(errno));
	w.fds[CONSOLE] = (struct pollfd){ .fd = out[0], .events = POLLIN };
	w.fds[ERRORS] = (struct pollfd){ .fd = err[0], .events = POLLIN };
	w.fds[SIGNALS] = (struct pollfd){ .fd = signals, .events = POLLIN };
	w.fds[ASK] = (struct pollfd){ .fd = run->ask[0], .events = POLLIN };
	w.fds[OUTPUT] = (struct pollfd){ .fd = run->program ? run->program->ends[0] : -1, .events = POLLIN };
	close(run->ask[1]);
	run->ask[1] = -1;
	if (run->link)
		snapshot_link_started(run->link);
	if (run->from)
		status = snapshot_load(run->from, run->link);
	if (!status)
		watch(&w, end);
	if (end->saved)
		status = save(&w);
	if (status || end->timed_out || end->hung_ms || end->no_boot || end->expected || end->signal || end->saved)
		process_end(w.pid);
	else
		how_it_ended(&w, process_wait(w.pid), end);
	last_seen(&w, end);
	drain(&w);
	while (poll(&w.fds[OUTPUT], 1, 0) > 0 && (w.fds[OUTPUT].revents & POLLIN))
		program_output(run->program);
	if (!end->saved)
		run->no_log = !transcript_end(run->transcript, run->ram, guest_seconds(&w));
	run->wall = seconds_now() - w.start;
	if (run->progress)
		progress_clear();
	close(out[0]);
	close(err[0]);
	close(signals);
	return status;
}

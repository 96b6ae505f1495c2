/* SPDX-License-Identifier: MIT */
/*
 * A harness: your guest's conversion code against every answer that a VMM and the TDX module may give. This header is
 * its manual, docs/harness.md has examples. There are two ways to have it.
 *
 * The command, which explores it, and has check, run, replay and minimise, journals and reports. Build a shared object
 * that exports a struct tdlab_guest under the name tdlab_guest (TDLAB_GUEST() below). It links no library of tdlab's:
 * the command has what is declared here.
 *
 *	gcc -shared -fPIC -o it.so it.c && tdlab explore --harness ./it.so
 *
 * A test program of yours, which calls tdlab_explore(), at the end of this file, and links libtdlab, static or shared:
 *
 *	gcc -o it it.c $(pkg-config --cflags --libs tdlab) && ./it
 *
 * TDCALLs come in one of three ways: the code executes the instruction, unmodified (it faults, and is served); it is
 * built to call in its place (TDLAB_TDCALL); or it calls tdlab_tdcall().
 *
 * The TD has one vCPU and no devices; what the guest converts is RAM, and private contents are not kept. Leaves of the
 * module: those that a loop needs, VP.INFO, VP.VMCALL, VP.VEINFO.GET, MEM.PAGE.ACCEPT and MEM.PAGE.RELEASE, and SYS.RD,
 * VM.RD, VM.WR, MR.REPORT, MR.RTMR.EXTEND; another one is answered as the module answers a leaf that it does not have.
 *
 * The guest's code runs in processes of its own. It may crash, hang for five seconds, print and exit: that is found,
 * and the rest goes on. They leave by exit(), so that coverage is written: what atexit() and destructors of the program
 * do is done by them, too. Standard output is theirs for errors.
 */
#ifndef TDLAB_H
#define TDLAB_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define TDLAB_NORETURN [[noreturn]]
#else
#define TDLAB_NORETURN _Noreturn
#endif

#define TDLAB_GUEST_VERSION	1

/* Directions of a conversion. 0: both. */
#define TDLAB_TO_SHARED		1u
#define TDLAB_TO_PRIVATE	2u

/* What becomes of the memory after convert() has failed and undo(), if there is one, did not bring it back. */
#define TDLAB_LEAKS		0u	/* nobody uses it again */
#define TDLAB_USES_OLD		1u	/* it is used as before: the page table was put back, or not yet changed */
#define TDLAB_USES_NEW		2u	/* it is used as if it had been converted: the page table was left like that */

/*
 * A guest. Addresses are guest-physical, without the shared bit; sizes are bytes, whole pages. What it needs beside
 * them is in variables of yours. Functions may be NULL but for convert(), and are called from one thread only.
 *
 * TDCALLs must come from the thread that the function was called in: a guest that makes one in another is refused, as
 * bad input, for the order of its calls would be left to chance. Threads of its own have to end before the function
 * returns: what is found while one is there is refused, too, as it may be about to do what is missing.
 */
struct tdlab_guest {
	uint32_t version;	/* TDLAB_GUEST_VERSION */

	/*
	 * Converts all of it; to private it accepts the pages, too, unless accept() is there to do it. 0 is success. What
	 * else it returns comes back in reports.
	 */
	int (*convert)(uint64_t gpa, uint64_t size, int to_shared);
	int (*accept)(uint64_t gpa, uint64_t size);

	/* After either has failed: gets the memory back as private. 0: all of it is. */
	int (*undo)(uint64_t gpa, uint64_t size);

	/*
	 * Called before each conversion: the guest is as it was in the beginning, even if it was stopped within a call (locks
	 * that were held are free). Without it, a guest that was stopped within a call gets a new process.
	 */
	void (*reset)(void);

	const char *name;
	uint32_t directions;	/* TDLAB_TO_*: those that it has; 0: both. The other is not tried: a pass, "not applicable" */
	uint32_t after_error;	/* TDLAB_LEAKS, ... */
	uint32_t gpaw;		/* 40 .. 52; the shared bit is bit gpaw - 1. 0: the platform's, 48 */

	/*
	 * It takes no ranges but such that begin and end at a multiple of align: shapes of requests are all that they touch,
	 * in these multiples. It converts no less than unit bytes at a
	 * time, aligned, be it an entry of its page table or a pool: what it does to memory around the request within them is
	 * noted, not charged. Powers of two, a page to 64 MiB; 0: a page.
	 */
	uint64_t align, unit;
};

/* What the command looks for in a shared object. */
extern __attribute__((visibility("default"))) const struct tdlab_guest tdlab_guest;

/* TDLAB_GUEST(convert); or with more of its fields, in their order: TDLAB_GUEST(convert, .undo = undo, .gpaw = 52); */
#define TDLAB_GUEST(convert_, ...) \
	_Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"") \
	const struct tdlab_guest tdlab_guest = { .version = TDLAB_GUEST_VERSION, .convert = convert_, __VA_ARGS__ }; \
	_Pragma("GCC diagnostic pop") struct tdlab_guest

/*
 * For the functions of a guest, while they run. Called at another time, they end the program with a line that says so.
 */

#pragma GCC visibility push(default)

/* One TDCALL: RAX RCX RDX RBX RSP RBP RSI RDI R8 ... R15, in and out. */
void tdlab_tdcall(uint64_t gpr[16]);

/*
 * A call in place of the instruction, for inline assembly with operands; in an assembly file it is "call
 * tdlab_instruction". All registers and the red zone are as after TDCALL. The upper halves of YMM and ZMM registers are
 * not kept.
 *
 *	#ifdef TEST
 *	#define TDCALL TDLAB_TDCALL
 *	#else
 *	#define TDCALL ".byte 0x66, 0x0f, 0x01, 0xcc"
 *	#endif
 */
#define TDLAB_TDCALL "lea -128(%%rsp), %%rsp; call tdlab_instruction@PLT; lea 128(%%rsp), %%rsp"
void tdlab_instruction(void);	/* for assembly, not for C */

/* The guest gives up and ends itself: it panics. That is containment, not a crash. text comes back in reports. */
TDLAB_NORETURN void tdlab_stop(const char *text);

/* The guest uses memory, through its shared alias or its private one, and is judged by it as in a boot. */
void tdlab_touch(uint64_t gpa, int shared, int write);

/* convert() or accept() will fail, but so many bytes from the start on are converted, and will be used like that. */
void tdlab_done(uint64_t bytes);

/* A line for the journal. */
void tdlab_note(const char *text);

/*
 * The library.
 */

/* As the exit statuses of the command. */
enum tdlab_verdict {
	TDLAB_PASS = 0,
	TDLAB_FAIL = 1,		/* something was found */
	TDLAB_REFUSED = 2,	/* guest, options, or when it was called: why says what is wrong with it. Nothing was run */
	TDLAB_ENVIRONMENT = 3,	/* no memory, no process */
	TDLAB_INCONCLUSIVE = 5,	/* nothing was found and not all was seen: why says what was not */
};

/* What is 0 or NULL is as it is without it. */
struct tdlab_options {
	uint32_t directions;	/* TDLAB_TO_*; 0: those that the guest has */
	uint32_t depth;		/* answers chosen in one sequence, at most 64; 0: 6 */
	uint32_t stalls;	/* RETRYs in a row without progress that the guest has to live through; 0: 3 */
	uint32_t pages;		/* one request of so many, at most 32768; 0, and no at: requests of several shapes */
	uint64_t at;		/* where that starts, from 0x8000000 on, below 0x4000000000; 0: 0x40008000 */
	uint64_t random, seed;	/* so many sequences drawn at random instead of all, the same for the same seed; 0: 1 */
	double seconds;		/* inconclusive after so many, if nothing was found; 0: as long as it takes */

	/*
	 * This sequence and no other: names of "tdlab list answers" with commas between them. What was found once is kept
	 * from coming back like that. Behind its end the VMM does all that it is asked for, or goes on with the last answer
	 * if that brought nothing. An answer that has no place where it stands, as "first" for a request of one page, or
	 * "busy" for a guest that does not accept that page, is inconclusive; one that a guest did not come to, because it
	 * was done or gave up before, is not.
	 */
	const char *answers;
};

#define TDLAB_FINDINGS	32

struct tdlab_finding {
	const char *name, *cause;	/* "abandoned", "permitted": as in tdlab list violations */
	uint32_t direction;		/* TDLAB_TO_* */
	uint32_t pages;			/* of the first request that shows it */
	uint64_t at;
	uint64_t sequences;		/* that show it */
	char answers[1024];		/* the shortest of them, for the options or tdlab replay; "": it takes no answer */
	char text[480];
	int returned;			/* by convert() or accept() then; 0 also if it was stopped, or crashed */
};

/* All of it is in the structure, and the caller's: nothing has to be freed. */
struct tdlab_result {
	enum tdlab_verdict verdict;
	char why[200];			/* of the verdict, one line */
	uint32_t found, kept;		/* findings, and how many of them are here: */
	struct tdlab_finding findings[TDLAB_FINDINGS];
	uint64_t sequences, calls, tdcalls;	/* that were run; MapGPA; TDCALLs */
	double seconds;
	char report[16384];		/* all of that in lines, to be printed */
};

/*
 * The guest under every sequence of answers, as "tdlab explore" has it, in the directions that it has. Returns the
 * verdict. Nothing is printed, and the program goes on whatever the guest does.
 *
 *	static const struct tdlab_guest guest = { .version = TDLAB_GUEST_VERSION, .convert = convert };
 *
 *	int main(void)
 *	{
 *		static struct tdlab_result result;
 *		enum tdlab_verdict verdict = tdlab_explore(&guest, NULL, &result);
 *
 *		fputs(result.report, stderr);
 *		return verdict;
 *	}
 *
 * A report has the options that show a finding again, alone and in one process: what a debugger is for. The guest is in
 * a child of the program (gdb: set follow-fork-mode child), and SIGSEGV or SIGILL is what a TDCALL that is not called
 * raises (gdb: handle SIGSEGV SIGILL nostop noprint pass).
 *
 * Threads: may be called from several, one exploration at a time. A thread of the program is not there in the guest's
 * processes, nor is it there to give up a lock: do not call this while another thread runs code of the guest. A guest
 * that hangs in a program with other threads is therefore inconclusive, and no finding. SIGCHLD must not be ignored.
 */
enum tdlab_verdict tdlab_explore(const struct tdlab_guest *guest, const struct tdlab_options *options,
				 struct tdlab_result *result);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/*
 * A correct loop that, by how it is built, differs in what it does around its calls: STOP, it ends itself instead of
 * returning an error; TOUCH=X, it uses what it shared, through the shared alias if X is 1, else the private one; EARLY,
 * it uses what it has not accepted yet; WRITE=0, it only reads; ACCEPT, that is a function of its own;
 * DONE, it says after an error how much is converted, and if that is 2, more than is true; UNDO, it takes back what
 * failed; AFTER=X, what it does after an error; ONE_WAY=X, the directions that it has; ALIGN=N; ONE_UNIT, it converts
 * no more than that; FORGETS, it accepts what was refused, which ends its TD; RESET, it has a lock that is held
 * when it is stopped, and lets it go.
 */
#include "tests/harness/loop.h"

#ifndef AFTER
#define AFTER	TDLAB_LEAKS
#endif
#ifndef ONE_WAY
#define ONE_WAY	0
#endif
#ifndef ALIGN
#define ALIGN	0
#endif
#ifndef WRITE
#define WRITE	1
#endif

#ifdef DONE
/* Pages in front that are shared: half of the range at once, and then the rest. */
static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	uint64_t half = size / 2 / PAGE * PAGE;

	if (half == 0)
		return convert_all(gpa, size, to_shared);
	if (ask(gpa, half, to_shared))
		return -1;
	if (!to_shared && take(gpa, half))
		return -2;
	if (convert_all(gpa + half, size - half, to_shared) == 0)
		return 0;
	tdlab_done(DONE * half);
	return -3;
}
#else
static int locked;

static int convert(uint64_t gpa, uint64_t size, int to_shared)
{
	int status;

	if (gpa % (ALIGN ? ALIGN : PAGE) != 0 || size % (ALIGN ? ALIGN : PAGE) != 0)
		return 0;	/* nothing was converted: it is seen that it was asked for this */
	while (locked)
		;
#ifdef RESET
	locked = 1;
#endif
	tdlab_note("begins");
#ifdef ONE_UNIT
	size = ALIGN;
#endif
#ifdef EARLY
	status = ask(gpa, size, to_shared);
	if (!status && !to_shared)
		tdlab_touch(gpa, 0, WRITE);
	status = status || to_shared ? status : take(gpa, size);
#elif defined(ACCEPT)
	status = ask(gpa, size, to_shared);
#elif defined(FORGETS)
	status = ask(gpa, size, to_shared);
	status = to_shared ? status : take(gpa, size);
#else
	status = convert_all(gpa, size, to_shared);
#endif
	locked = 0;
#ifdef STOP
	if (status)
		tdlab_stop("cannot go on");
#endif
#ifdef TOUCH
	if (!status && to_shared)
		tdlab_touch(gpa, TOUCH, WRITE);
#endif
	return status;
}
#endif

#ifdef UNDO
#define UNDO_CALL undo
static int undo(uint64_t gpa, uint64_t size)
{
	return convert_all(gpa, size, 0);
}
#else
#define UNDO_CALL 0
#endif

#ifdef ACCEPT
#define ACCEPT_CALL accept_all
static int accept_all(uint64_t gpa, uint64_t size)
{
	return take(gpa, size);
}
#else
#define ACCEPT_CALL 0
#endif

#if defined(RESET) && !defined(DONE)
#define RESET_CALL reset
static void reset(void)
{
	locked = 0;
}
#else
#define RESET_CALL 0
#endif

TDLAB_GUEST(convert, .accept = ACCEPT_CALL, .undo = UNDO_CALL, .reset = RESET_CALL, .directions = ONE_WAY,
	    .after_error = AFTER, .gpaw = GPAW == 48 ? 0 : GPAW, .align = ALIGN);

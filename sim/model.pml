/* SPDX-License-Identifier: MIT */
/*
 * The conversion loop, its accept and its undo as a model for Spin: any VMM, every number of pages that it may do, and
 * the obligations that tdlab explore judges by. It is a second opinion on the algorithm, written apart from the code, and
 * the yardstick for its rate; that the C code is the algorithm is for the proof and for tdlab explore to show.
 *
 *	spin -a -DN=8 model.pml && gcc -O2 -DSAFETY -DVECTORSZ=4096 -o pan pan.c && ./pan
 *
 * TO_PRIVATE: the direction. A check left out, to see that it is missed: NO_R11_CHECK, NO_BUDGET, TAIL_ONLY, NO_ERROR,
 * and NO_QUARANTINE of the undo.
 */
#ifndef N
#define N 8
#endif
#ifndef STALLS
#define STALLS 2
#endif

/* What the module holds. */
#define MAPPED	0
#define SHARED	1
#define PENDING	2

/* R10, and R11 in pages from the start of the range; these are no pages. */
#define SUCCESS	0
#define RETRY	1
#define REFUSED	2
#define BEYOND	(N + 1)
#define ASIDE	(N + 2)		/* inside a page, with the other S, or below the request */

byte real[N];
bool told[N];		/* the VMM said so, in the present direction, and GHCI lets it be believed */
bool lost[N];		/* in quarantine */
bool sharing;		/* the direction of the request */
bool failed;

byte from, fruitless, start;	/* the guest's: where the request starts, stalls in a row, what TAIL_ONLY accepts from */
byte r10, r11;
byte judged_fruitless;		/* the judge's: RETRYs in a row that brought nothing */
byte i, done;		/* scratch: 0 where nothing uses it, so that it makes no states */

/* What is truly converted: [from, done). */
inline convert() {
	i = from;
	do
	:: i < done ->
		if
		:: sharing -> real[i] = SHARED
		:: !sharing && real[i] == SHARED -> real[i] = PENDING
		:: else
		fi;
		i++
	:: else -> break
	od
}

/* What the guest may believe: all on SUCCESS, up to R11 on a RETRY that makes sense. */
inline tell(end) {
	i = from;
	do
	:: i < end -> told[i] = true; i++
	:: else -> break
	od;
	i = 0
}

inline some_pages() {
	done = from;
	do
	:: done < N - 1 -> done++
	:: break
	od
}

/* MapGPA of [from, N) and any answer to it. */
inline map_gpa() {
	assert(from < N);		/* empty-request, wrapping-request */
	assert(judged_fruitless <= STALLS);	/* runaway */
	if
	:: done = N; r10 = SUCCESS; tell(N)
	:: done = from; r10 = SUCCESS; tell(N)		/* a lie */
	:: some_pages(); r10 = RETRY; r11 = done; tell(done)
	:: done = N; r10 = RETRY; r11 = N
	:: done = from; r10 = RETRY; r11 = BEYOND
	:: done = from; r10 = RETRY; r11 = ASIDE
	:: some_pages(); r10 = REFUSED
	fi;
	if
	:: r10 == RETRY && done == from -> judged_fruitless++
	:: else -> judged_fruitless = 0
	fi;
	convert();
	i = 0; done = 0
}

inline forget() {
	i = 0;
	do
	:: i < N -> told[i] = false; i++
	:: else -> break
	od;
	i = 0
}

#ifdef NO_R11_CHECK
#define sensible	(r11 >= from)
#else
#define sensible	(r11 >= from && r11 < N)
#endif

/* Asks until all is claimed, or failed. */
inline ask() {
	from = 0; fruitless = 0; start = 0; failed = false;
	do
	:: atomic {
		map_gpa();
		start = from;
		if
		:: r10 == SUCCESS -> from = N; break
		:: r10 == RETRY && sensible && r11 == from ->
#ifndef NO_BUDGET
			fruitless++;
			if
			:: fruitless > STALLS -> failed = true; break
			:: else
			fi
#endif
		:: r10 == RETRY && sensible && r11 > from ->
			from = r11; fruitless = 0
#ifdef NO_R11_CHECK
			;
			if
			:: from >= N -> break
			:: else
			fi
#endif
		:: else ->
#ifdef NO_ERROR
			if
			:: r10 == REFUSED -> from = N; break
			:: else -> failed = true; break
			fi
#else
			failed = true; break
#endif
		fi
	   }
	od;
	r10 = 0; r11 = 0; fruitless = 0; judged_fruitless = 0
}

/* ACCEPT of [first, end). One of a page that the VMM did not claim to have given back need never return. */
inline accept(first, end) {
	i = first;
	do
	:: i < end ->
		assert(told[i]);	/* td-lost, accept-unrequested */
		if
		:: real[i] == PENDING -> real[i] = MAPPED
		:: real[i] == MAPPED			/* already */
		:: real[i] == SHARED -> goto stopped	/* a lie: the module ends the TD, nothing leaks */
		fi;
		i++
	:: else -> break
	od;
	i = 0
}

active proctype guest() {
	atomic {
#ifdef TO_PRIVATE
		i = 0;
		do
		:: i < N -> real[i] = SHARED; i++
		:: else -> break
		od;
		i = 0
#else
		sharing = true
#endif
	}
	ask();
	atomic {
		if
		:: failed -> goto undo
		:: else
		fi;
#ifdef TO_PRIVATE
#ifdef TAIL_ONLY
		accept(start, N);
#else
		accept(0, N);
#endif
#endif
		i = 0;
		do
		:: i < N ->
#ifdef TO_PRIVATE
			assert(real[i] == MAPPED);	/* false-success, pending-access */
#else
			assert(told[i]);		/* false-success */
#endif
			i++
		:: else -> break
		od;
		goto stopped
	}
undo:
	atomic {
		sharing = false;
		forget()
	}
	ask();
	atomic {
		if
		:: from > N -> from = N
		:: else
		fi;
		accept(0, from);
		i = from;
		do
#ifdef NO_QUARANTINE
		:: i < N -> i++
#else
		:: i < N -> lost[i] = true; i++
#endif
		:: else -> break
		od;
		i = 0;
		do
		:: i < N -> assert(lost[i] || real[i] == MAPPED); i++	/* every page is proven or listed */
		:: else -> break
		od
	}
stopped:
	skip
}

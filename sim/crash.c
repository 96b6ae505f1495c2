/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unwind.h>

#include "image/elf_tables.h"
#include "sim/crash.h"
#include "sim/trap.h"

#define FRAMES	16

static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP };

#define FATAL	(sizeof(fatal) / sizeof(fatal[0]))

uint64_t crash_bottom;

static struct sim *current;
static struct sigaction before[FATAL];

/* The function around an address of that file, static ones included. NULL: it is not known. */
static const char *in_file(const void *file, uint64_t bytes, uint64_t address, uint64_t *offset)
{
	struct elf_tables elf;
	struct elf_section table;
	struct elf_symbol s;

	if (!elf_tables(file, bytes, &elf))
		return NULL;
	for (uint32_t i = 0; elf_section(&elf, i, &table); i++)
		for (uint64_t k = 0; table.type == ELF_SYMTAB && elf_symbol(&elf, &table, k, &s); k++)
			if (s.type == ELF_FUNCTION && address - s.value < s.bytes) {
				*offset = address - s.value;
				return s.name;
			}
	return NULL;
}

/* "function+0x1c", or "file.so+0x111c". */
static void describe(void *at, char *text, size_t bytes)
{
	struct link_map *map = NULL;
	Dl_info info = { 0 };
	uint64_t address = (uint64_t)(uintptr_t)at, offset = 0;
	const char *path, *name = NULL;
	struct stat status;
	void *file = MAP_FAILED;
	int fd;

	if (dladdr1(at, &info, (void **)&map, RTLD_DL_LINKMAP) == 0 || map == NULL) {
		snprintf(text, bytes, "0x%" PRIx64, address);
		return;
	}
	path = *map->l_name != '\0' ? map->l_name : "/proc/self/exe";
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &status) == 0)
		file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file != MAP_FAILED)
		name = in_file(file, (uint64_t)status.st_size, address - map->l_addr, &offset);
	if (name == NULL && info.dli_sname != NULL) {
		name = info.dli_sname;
		offset = address - (uint64_t)(uintptr_t)info.dli_saddr;
	}
	if (name != NULL)
		snprintf(text, bytes, "%s+0x%" PRIx64, name, offset);
	else
		snprintf(text, bytes, "%s+0x%" PRIx64, strrchr(path, '/') + 1, address - map->l_addr);
	if (fd >= 0)
		close(fd);
}

struct walk {
	uint64_t interrupted;
	bool found;
	unsigned int frames;
	char *text;
	size_t bytes;
};

/* From the code that the signal interrupted to the guest's outermost function. */
static _Unwind_Reason_Code one_frame(struct _Unwind_Context *context, void *arg)
{
	struct walk *w = arg;
	size_t used = strlen(w->text);
	int before_call = 0;
	uint64_t ip = _Unwind_GetIPInfo(context, &before_call);

	w->found |= ip == w->interrupted;
	if (!w->found)
		return _URC_NO_REASON;
	if (_Unwind_GetCFA(context) >= crash_bottom || w->frames == FRAMES || used + 80 > w->bytes)
		return _URC_END_OF_STACK;
	snprintf(w->text + used, w->bytes - used, "%s", w->frames++ == 0 ? " in " : ", called by ");
	used = strlen(w->text);
	/* A return address is behind the call, and may be in the next function. */
	describe((void *)(uintptr_t)(before_call ? ip : ip - 1), w->text + used, w->bytes - used);
	return _URC_NO_REASON;
}

static void on_crash(int number, siginfo_t *info, void *context)
{
	const greg_t *gregs = ((ucontext_t *)context)->uc_mcontext.gregs;
	char *text = current->crash;
	const size_t bytes = sizeof(current->crash);
	struct walk walk = { .interrupted = (uint64_t)gregs[REG_RIP], .text = text, .bytes = bytes };
	unsigned int which = 0;

	while (which < FATAL - 1 && fatal[which] != number)
		which++;
	sigaction(number, &before[which], NULL);	/* once */
	snprintf(text, bytes, "SIG%s", sigabbrev_np(number));
	if (number != SIGABRT && info->si_code > 0)
		snprintf(text + strlen(text), bytes - strlen(text), " at address 0x%" PRIx64,
			 (uint64_t)(uintptr_t)info->si_addr);
	_Unwind_Backtrace(one_frame, &walk);
	if (walk.frames == 0) {		/* no code is there, or the stack is in no order */
		snprintf(text + strlen(text), bytes - strlen(text), " in ");
		describe((void *)(uintptr_t)gregs[REG_RIP], text + strlen(text), bytes - strlen(text));
	}
	sim_thread_left(current);	/* what it would have crashed of may not be there yet, or be gone */
	if (info->si_code <= 0)		/* a fault repeats itself, a signal that was sent does not */
		raise(number);
}

void sim_catch_crashes(struct sim *sim)
{
	static _Alignas(16) char stack[1 << 17];	/* it may be the stack that there is no more of */
	stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

	current = sim;
	sim->crash[0] = '\0';
	sigaltstack(&other, NULL);
	for (size_t i = 0; i < FATAL; i++)
		sigaction(fatal[i], &action, &before[i]);
}

/* SPDX-License-Identifier: MIT */
/* Guest code of other people's, from a shared object: see harness.h. */
#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>

#include "sim/harness.h"
#include "sim/load.h"
#include "sim/trap.h"

static struct sim *current;
static int (*their_convert)(uint64_t gpa, uint64_t size, int to_shared);
static int (*their_accept)(uint64_t gpa, uint64_t size);

/* RAX RCX RDX RBX RSP RBP RSI RDI R8..R15, as in struct td_regs. */
void tdlab_tdcall(uint64_t gpr[TD_GPRS])
{
	struct td_regs regs = { .long_mode = true };

	for (unsigned int i = 0; i < TD_GPRS; i++)
		regs.gpr[i] = gpr[i];
	sim_tdcall(current, &regs);
	for (unsigned int i = 0; i < TD_GPRS; i++)
		gpr[i] = regs.gpr[i];
}

static int run_convert(struct sim *sim, uint64_t gpa, uint64_t size, bool to_shared)
{
	if (current != sim) {
		current = sim;
		sim_trap(sim);
	}
	return their_convert(gpa, size, to_shared);
}

static int run_accept(struct sim *sim, uint64_t gpa, uint64_t size)
{
	(void)sim;
	return their_accept(gpa, size);
}

/*
 * A function of the object itself under its name, or under the name that tdlab 0.1 wanted. dlsym() looks in the
 * libraries that it links, too: libc has an accept() of its own.
 */
static void *own(void *object, const char *name, const char *old_name, struct sim_guest *guest)
{
	struct link_map *of_object = NULL, *of_symbol = NULL;
	void *symbol = dlsym(object, name);
	Dl_info info;

	if (dlinfo(object, RTLD_DI_LINKMAP, &of_object) != 0)
		return NULL;
	if (symbol != NULL && dladdr1(symbol, &info, (void **)&of_symbol, RTLD_DL_LINKMAP) != 0 && of_symbol == of_object)
		return symbol;
	if (old_name == NULL)
		return NULL;
	symbol = own(object, old_name, NULL, guest);
	guest->old_names |= symbol != NULL;
	return symbol;
}

const char *harness_load(const char *path, struct sim_guest *guest)
{
	char *file = realpath(path, NULL);	/* a name without a slash would be looked up among the system's libraries */
	const uint64_t *unit;
	void *object = dlopen(file != NULL ? file : path, RTLD_NOW | RTLD_LOCAL);

	free(file);
	if (object == NULL)
		return dlerror();
	unit = own(object, "tdlab_unit", NULL, guest);
	guest->unit = unit != NULL ? *unit : 0;
	if (guest->unit > SIM_MAX_UNIT || guest->unit & (guest->unit - 1) || guest->unit % TDX_PAGE_SIZE != 0)
		return "tdlab_unit is no power of two of at least 4 KiB and at most 64 MiB, see sim/harness.h";
	guest->old_names = false;
	*(void **)&their_convert = own(object, "tdlab_convert", "convert", guest);
	*(void **)&their_accept = own(object, "tdlab_accept", "accept", guest);
	if (their_convert == NULL)
		return "it does not define int tdlab_convert(uint64_t gpa, uint64_t size, int to_shared), see sim/harness.h";
	guest->convert = run_convert;
	guest->accept = their_accept != NULL ? run_accept : NULL;
	return NULL;
}

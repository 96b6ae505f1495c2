/* SPDX-License-Identifier: MIT */
/* Names of what the journal holds as numbers. */
#include "cli/verdict/records.h"
#include "td/td.h"
#include "wire/exits.h"

#define NAMED(table, n) ((n) < ARRAY_SIZE(table) && (table)[n] ? (table)[n] : "unknown")

const char *event_name(unsigned int type)
{
	static const char *const names[] = {
#define TD_EVENT(name, meaning) #name,
		TD_EVENTS(TD_EVENT)
#undef TD_EVENT
	};

	return NAMED(names, type);
}

const char *class_name(unsigned int class)
{
	static const char *const names[] = {
		[TD_CLASS_OK] = "ok", [TD_CLASS_VIOLATION] = "violation", [TD_CLASS_VMM_CAUSED] = "vmm-caused",
		[TD_CLASS_HAZARD] = "hazard",
	};

	return NAMED(names, class);
}

const char *close_name(unsigned int how)
{
	static const char *const names[] = {
		[TD_CLOSE_COMPLETE] = "complete", [TD_CLOSE_REFUSED] = "refused", [TD_CLOSE_UNDONE] = "undone",
		[TD_CLOSE_ABANDONED] = "abandoned", [TD_CLOSE_MERGED] = "merged", [TD_CLOSE_CUT_OFF] = "cut-off",
	};

	return NAMED(names, how);
}

const char *mark_name(unsigned int mark)
{
	static const char *const names[] = {
		[TD_MARK_DETECTED] = "detected", [TD_MARK_POWER_OFF] = "power-off", [TD_MARK_RESET] = "reset",
		[TD_MARK_IDLE] = "idle", [TD_MARK_PANIC] = "monitor-panic", [TD_MARK_NO_TDX] = "no-tdx",
		[TD_MARK_SHUTDOWN] = "shutdown", [TD_MARK_USER] = "user-space", [TD_MARK_SUSPENDED] = "suspended",
		[TD_MARK_MISDEED] = "misdeed",
	};

	return NAMED(names, mark);
}

const char *stop_name(unsigned int stop)
{
	static const char *const names[] = {
		[TD_RUNNING] = "running",
		[TD_STOP_FATAL_ERROR] = "fatal-error",
		[TD_STOP_PRIVATE_LOST] = "private-lost",
		[TD_STOP_PENDING_ACCESS] = "pending-access",
		[TD_STOP_BAD_GPA] = "bad-gpa",
		[TD_STOP_NESTED_VE] = "nested-ve",
		[TD_STOP_RUNAWAY] = "runaway",
		[TD_STOP_ENGINE] = "engine",
	};

	return NAMED(names, stop);
}

const char *exit_name(unsigned int reason)
{
	static const char *const names[] = {
#define MONITOR_EXIT(id, name, details) name,
		MONITOR_EXITS(MONITOR_EXIT)
#undef MONITOR_EXIT
	};

	return NAMED(names, reason);
}

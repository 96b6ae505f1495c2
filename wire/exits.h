/* SPDX-License-Identifier: MIT */
/*
 * Why a vCPU left the guest, whatever the vendor of the CPU: the reason of TD_EV_EXIT and TD_EV_COUNT. TDCALLs are
 * counted by what they ask for. MONITOR_EXIT(identifier, name shown, meaning of the two details of TD_EV_EXIT)
 */
#ifndef WIRE_EXITS_H
#define WIRE_EXITS_H

#define MONITOR_EXITS(MONITOR_EXIT) \
	MONITOR_EXIT(VEINFO, "tdcall-veinfo", "RAX, RCX") \
	MONITOR_EXIT(VMCALL_IO, "tdvmcall-io", "port, 1 for out") \
	MONITOR_EXIT(VMCALL_MSR, "tdvmcall-msr", "MSR, 1 for write") \
	MONITOR_EXIT(VMCALL_MMIO, "tdvmcall-mmio", "GPA, 1 for write") \
	MONITOR_EXIT(VMCALL_HLT, "tdvmcall-hlt", "0, 0") \
	MONITOR_EXIT(VMCALL_MAPGPA, "tdvmcall-mapgpa", "R12, R13") \
	MONITOR_EXIT(VMCALL, "tdvmcall-other", "R10, R11") \
	MONITOR_EXIT(ACCEPT, "tdcall-accept", "RAX, RCX") \
	MONITOR_EXIT(TDCALL, "tdcall-other", "RAX, RCX") \
	MONITOR_EXIT(UD, "invalid-opcode", "0, 0") \
	MONITOR_EXIT(IO, "io", "port, 1 for out") \
	MONITOR_EXIT(CPUID, "cpuid", "leaf, subleaf") \
	MONITOR_EXIT(MSR, "msr", "MSR, 1 for write") \
	MONITOR_EXIT(CR, "cr-write", "qualification as VMX has it, 0") \
	MONITOR_EXIT(HLT, "hlt", "0, 0") \
	MONITOR_EXIT(CACHE, "cache-flush", "0, 0") \
	MONITOR_EXIT(EPT_PRIVATE, "ept-private", "GPA, error code") \
	MONITOR_EXIT(EPT_SHARED, "ept-shared", "GPA, error code") \
	MONITOR_EXIT(FORBIDDEN, "forbidden-instruction", "vendor's exit code, 0") \
	MONITOR_EXIT(NMI, "nmi", "0, 0") \
	MONITOR_EXIT(SHUTDOWN, "shutdown", "0, 0") \
	MONITOR_EXIT(UNKNOWN, "unknown", "vendor's exit code, 0")

enum monitor_exit {
#define MONITOR_EXIT(id, name, details) EXIT_##id,
	MONITOR_EXITS(MONITOR_EXIT)
#undef MONITOR_EXIT
	EXIT_KINDS
};

#endif

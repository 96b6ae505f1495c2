/* SPDX-License-Identifier: MIT */
/*
 * Disk answers that come at the same instruction in every run.
 *
 * With -icount guest time is a count of instructions, but QEMU completes a disk request when the host's threads get
 * round to it. So in a run that is to be repeated the command attaches a second virtio-blk device to the same disk, and
 * after every write to a device register the monitor resets that one: a reset waits until the disk has no request in
 * flight, whoever made it, while guest time stands still ([qemu:virtio_blk_reset], blk_drain();
 * [qemu:bdrv_drain_poll] asks all users of the node). The first device must be without ioeventfd, or its
 * request would only be taken up by another thread.
 *
 * The guest never meets the second device: it is a function 7 without a function 0, which nobody looks for (PCI Local
 * Bus 3.0, section 3.2.2.3.4), and without an address until the monitor gives it one.
 */
#ifndef MONITOR_QEMU_DISK_IDLE_H
#define MONITOR_QEMU_DISK_IDLE_H

/* Looks for the second device, once, before the guest runs. */
void disk_idle_init(void);

/* Waits until the disk is idle. Does nothing without the second device. */
void disk_idle_wait(void);

#endif

/* SPDX-License-Identifier: MIT */
/* QEMU's fw_cfg device: ports, and control bits of its DMA interface ([qemu:fw_cfg.rst]). */
#ifndef MONITOR_QEMU_FWCFG_PORTS_H
#define MONITOR_QEMU_FWCFG_PORTS_H

#define FWCFG_PORT_SELECT	0x510
#define FWCFG_PORT_DATA		0x511
#define FWCFG_PORT_DMA_HIGH	0x514
#define FWCFG_PORT_DMA_LOW	0x518	/* a write here starts the transfer */
#define FWCFG_PORT_END		0x51c

#define FWCFG_DMA_ERROR		1u
#define FWCFG_DMA_READ		2u
#define FWCFG_DMA_SKIP		4u
#define FWCFG_DMA_SELECT	8u
#define FWCFG_DMA_WRITE		16u

#endif

# SPDX-License-Identifier: MIT
ALL += $(B)/initrd.cpio

$(B)/initrd.cpio: scripts/mkinitrd scripts/initrd-init
	scripts/mkinitrd $@

// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Gives VirtIO GPIO devices the ACPI device of their PCI slot, so that GpioIo() of an SSDT finds their lines.
//
// Linux looks for a GPIO controller by the ACPI device of the chip's parent. That is the virtio device, which has none: only
// the PCI function below it has. It must be loaded before the device's transport (virtio_pci) finds the device.
#include <linux/acpi.h>
#include <linux/module.h>
#include <linux/virtio.h>
#include <linux/virtio_ids.h>

static bool virtio_acpi_match(struct device *dev)
{
	return dev->bus && !strcmp(dev->bus->name, "virtio") && dev_to_virtio(dev)->id.device == VIRTIO_ID_GPIO;
}

static struct acpi_device *virtio_acpi_find(struct device *dev)
{
	return dev->parent ? ACPI_COMPANION(dev->parent) : NULL;
}

static struct acpi_bus_type virtio_acpi = {
	.name = "virtio",
	.match = virtio_acpi_match,
	.find_companion = virtio_acpi_find,
};

static int __init virtio_acpi_init(void)
{
	return register_acpi_bus_type(&virtio_acpi);
}

static void __exit virtio_acpi_exit(void)
{
	unregister_acpi_bus_type(&virtio_acpi);
}

module_init(virtio_acpi_init);
module_exit(virtio_acpi_exit);
MODULE_DESCRIPTION("ACPI devices of VirtIO GPIO devices");
MODULE_LICENSE("Dual BSD/GPL");

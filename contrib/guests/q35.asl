// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
/*
 * Lines 0 and 1 of a guest in the hands of its kernel's drivers: QEMU's q35 (docs/guests.md).
 *
 * The device is in slot 3 of the first bus, -device vhost-user-gpio-pci,chardev=gpio,addr=3: QEMU calls slot N of it S and
 * 8 N in hexadecimal.
 */
DefinitionBlock ("", "SSDT", 2, "VGPIO", "LINES", 1)
{
	External (\_SB.PCI0.S18, DeviceObj)

	Scope (\_SB)
	{
		Device (KEYS)
		{
			Name (_HID, "PRP0001")
			Name (_CRS, ResourceTemplate ()
			{
				GpioIo (Exclusive, PullDefault, 0, 0, IoRestrictionInputOnly, "\\_SB.PCI0.S18") { 0 }
			})
			Name (_DSD, Package ()
			{
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package ()
				{
					Package () { "compatible", "gpio-keys" },
					Package () { "label", "buttons" }
				},
				ToUUID ("dbb8e3e6-5886-4ba6-8795-1319f52a966b"),
				Package ()
				{
					Package () { "button", "BTN0" }
				}
			})
			Name (BTN0, Package ()
			{
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package ()
				{
					Package () { "label", "button" },
					Package () { "linux,code", 28 }, // KEY_ENTER
					Package () { "gpios", Package () { \_SB.KEYS, 0, 0, 0 } } // the first of _CRS, its first line; 1: active low
				}
			})
		}

		Device (LEDS)
		{
			Name (_HID, "PRP0001")
			Name (_CRS, ResourceTemplate ()
			{
				GpioIo (Exclusive, PullDefault, 0, 0, IoRestrictionOutputOnly, "\\_SB.PCI0.S18") { 1 }
			})
			Name (_DSD, Package ()
			{
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package ()
				{
					Package () { "compatible", "gpio-leds" }
				},
				ToUUID ("dbb8e3e6-5886-4ba6-8795-1319f52a966b"),
				Package ()
				{
					Package () { "led", "LED0" }
				}
			})
			Name (LED0, Package ()
			{
				ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"),
				Package ()
				{
					Package () { "label", "led" },
					Package () { "gpios", Package () { \_SB.LEDS, 0, 0, 0 } }
				}
			})
		}
	}
}

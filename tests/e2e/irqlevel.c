// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// A guest driver that takes a line's interrupt with any trigger and counts it.
//
// The character device offers edges only; level interrupts need a consumer in the kernel.
#include <linux/delay.h>
#include <linux/gpio.h>
#include <linux/interrupt.h>
#include <linux/module.h>

static int gpio = -1;
module_param(gpio, int, 0444);
static int trigger = IRQF_TRIGGER_HIGH;
module_param(trigger, int, 0444);
static int count;
module_param(count, int, 0444);

static int irq;

static irqreturn_t irqlevel_handle(int number, void *data)
{
	count++;
	msleep(20);
	return IRQ_HANDLED;
}

static int __init irqlevel_init(void)
{
	irq = gpio_to_irq(gpio);
	if (irq < 0)
		return irq;
	return request_threaded_irq(irq, NULL, irqlevel_handle, trigger | IRQF_ONESHOT, "irqlevel", &irq);
}

static void __exit irqlevel_exit(void)
{
	free_irq(irq, &irq);
}

module_init(irqlevel_init);
module_exit(irqlevel_exit);
MODULE_DESCRIPTION("counts a GPIO line's interrupts");
MODULE_LICENSE("Dual BSD/GPL");

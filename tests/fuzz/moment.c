/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Instants inside of what the device does. */
#include "moment.h"

#include "vhost/memory/memory.h"

static struct {
	unsigned left; /* until then; 0: never */
	void (*fn)(void);
} moments[MOMENTS];

int __real_memory_read(struct memory *memory, struct guest_addr addr, void *data, size_t len);
int __wrap_memory_read(struct memory *memory, struct guest_addr addr, void *data, size_t len);
int __real_memory_write(struct memory *memory, struct guest_addr addr, const void *data, size_t len);
int __wrap_memory_write(struct memory *memory, struct guest_addr addr, const void *data, size_t len);
void *__real_memory_resolve(struct memory *memory, struct user_addr addr, size_t len, size_t align, unsigned access);
void *__wrap_memory_resolve(struct memory *memory, struct user_addr addr, size_t len, size_t align, unsigned access);
void __real_vhost_queue_push(struct vhost_queue *queue, uint16_t head, uint32_t written);
void __wrap_vhost_queue_push(struct vhost_queue *queue, uint16_t head, uint32_t written);

void moment_set(enum moment moment, unsigned n, void (*fn)(void))
{
	moments[moment].left = n;
	moments[moment].fn = fn;
}

static void pass(enum moment moment)
{
	if (moments[moment].left > 0 && --moments[moment].left == 0)
		moments[moment].fn();
}

int __wrap_memory_read(struct memory *memory, struct guest_addr addr, void *data, size_t len)
{
	pass(MOMENT_READ);
	pass(MOMENT_ANY);
	return __real_memory_read(memory, addr, data, len);
}

int __wrap_memory_write(struct memory *memory, struct guest_addr addr, const void *data, size_t len)
{
	pass(MOMENT_ANY);
	return __real_memory_write(memory, addr, data, len);
}

void *__wrap_memory_resolve(struct memory *memory, struct user_addr addr, size_t len, size_t align, unsigned access)
{
	pass(MOMENT_ANY);
	return __real_memory_resolve(memory, addr, len, align, access);
}

void __wrap_vhost_queue_push(struct vhost_queue *queue, uint16_t head, uint32_t written)
{
	pass(MOMENT_ANY);
	__real_vhost_queue_push(queue, head, written);
}

/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The plan that test and program share. */
#include "faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "failure.h"

static char path[] = "/tmp/vgpio-faults-XXXXXX";
static struct fault_plan *plan;

void faults_open(void)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/vgpio-faults-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || ftruncate(fd, sizeof(*plan)) < 0)
		failure("no plan of faults");
	plan = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (plan == MAP_FAILED)
		failure("no plan of faults");
	plan->patient = 1;
	setenv("VGPIO_FAULTS", path, 1);
}

int faults_teardown(void **state)
{
	int outcome = session_teardown(state);

	munmap(plan, sizeof(*plan));
	unlink(path);
	unsetenv("VGPIO_FAULTS");
	return outcome;
}

int faults_setup(void **state)
{
	faults_open();
	return session_mortal(state, session_setup_started(state));
}

void faults_arm(enum fault_point point, unsigned skip, unsigned deaths)
{
	faults_disarm();
	plan->skip = (int32_t)skip;
	plan->deaths = deaths;
	plan->died = 0;
	__atomic_store_n(&plan->point, point, __ATOMIC_RELEASE);
}

void faults_disarm(void)
{
	__atomic_store_n(&plan->point, FAULT_NONE, __ATOMIC_RELEASE);
}

unsigned faults_died(void)
{
	return __atomic_load_n(&plan->died, __ATOMIC_ACQUIRE);
}

static bool has_died(void *ctx)
{
	return faults_died() >= *(unsigned *)ctx;
}

void faults_wait(unsigned deaths)
{
	if (!wait_for(has_died, &deaths, WAIT_MS))
		failure("the worker did not die %u times", deaths);
}

void faults_set_patient(bool patient)
{
	plan->patient = patient;
}

void faults_set_by_call(bool by_call)
{
	plan->by_call = by_call;
}

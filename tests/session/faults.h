/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Workers that die at an instant of the test's choice: needs vhost-device-gpio-faulty (src/base/fault.h). */
#pragma once

#include "base/fault.h"
#include "session.h"

/*
 * As session_setup_started(), for workers that may die: the plan is empty and patient. A set-up of another kind begins
 * with faults_open(), before the daemon starts, and ends with session_mortal(). All of them end with faults_teardown().
 */
int faults_setup(void **state);
void faults_open(void);
int faults_teardown(void **state);

/* From now on: after that many passages of the point, the worker dies, so often. */
void faults_arm(enum fault_point point, unsigned skip, unsigned deaths);
void faults_disarm(void);
/* How often it did since faults_arm(). */
unsigned faults_died(void);
/* Waits until it did so often. */
void faults_wait(unsigned deaths);
/*
 * It did so often, not more. What the driver sees is no sign of a death: a worker that has published a buffer may have to
 * wait for the processor before it dies of that.
 */
#define assert_deaths(deaths)                                                                                          \
	do {                                                                                                           \
		faults_wait(deaths);                                                                                   \
		assert_int_equal(faults_died(), deaths);                                                               \
	} while (0)
/* They are by a forbidden system call. */
void faults_set_by_call(bool by_call);
/* Whether many deaths are not taken for a crash loop. */
void faults_set_patient(bool patient);

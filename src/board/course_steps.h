/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What each kind of step does. */
#pragma once

#include "board/course.h"

/* Does the present step. course->step is the one behind which it goes on. */
bool course_step(struct course *course);

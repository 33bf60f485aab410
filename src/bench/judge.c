/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Whether one line does what is expected of it. */
#include "bench/judge.h"

#define NS_MHZ 1000000000000u /* a millihertz is one in so many nanoseconds */

void judge_begin(struct judge *judge, const struct expectation *expectation, uint64_t since_ns, struct line_now before)
{
	*judge = (struct judge){ .expectation = *expectation, .since_ns = since_ns, .now = before };
}

static enum verdict decide(struct judge *judge, enum verdict verdict, uint64_t time_ns)
{
	judge->verdict = verdict;
	judge->time_ns = time_ns;
	return verdict;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

static uint64_t deadline(const struct judge *judge)
{
	return sum(judge->since_ns, judge->expectation.within_ns);
}

uint64_t judge_due(const struct judge *judge)
{
	if (judge->verdict != VERDICT_OPEN)
		return judge->time_ns;
	if (!judge->begun)
		return judge->since_ns;
	return judge->holds ? sum(judge->held_ns, judge->expectation.for_ns) : deadline(judge);
}

/* Between the first and the last rising edge: whole periods. */
static bool rate_fits(const struct judge *judge)
{
	const struct expectation *e = &judge->expectation;
	double span = (double)(judge->last_ns - judge->first_ns), rate, off;

	if (e->millihertz == 0 || judge->n_rising < 2)
		return true;
	rate = (double)(judge->n_rising - 1) * (double)NS_MHZ / span;
	off = (double)e->millihertz * (double)e->off_hundredths / 10000;
	return rate >= (double)e->millihertz - off && rate <= (double)e->millihertz + off;
}

static enum verdict pulses_end(struct judge *judge)
{
	const struct expectation *e = &judge->expectation;
	bool enough = judge->n_rising + (uint64_t)e->spare >= e->count;

	return decide(judge, enough && rate_fits(judge) ? VERDICT_PASS : VERDICT_FAIL, deadline(judge));
}

/* It came true. */
static enum verdict comes(struct judge *judge, uint64_t time_ns)
{
	judge->holds = true;
	judge->held_ns = time_ns;
	return judge->expectation.for_ns > 0 ? VERDICT_OPEN : decide(judge, VERDICT_PASS, time_ns);
}

/* All at since_ns is known, all behind it is not. */
static void begin(struct judge *judge)
{
	const struct expectation *e = &judge->expectation;

	if (judge->begun)
		return;
	judge->begun = true;
	if (!e->pulses && !condition_is_edge(&e->condition) && condition_holds(&e->condition, judge->now))
		comes(judge, judge->since_ns);
}

/* All before time_ns is known, and no event is left of it. */
static enum verdict time_passes(struct judge *judge, uint64_t time_ns)
{
	const struct expectation *e = &judge->expectation;

	if (judge->verdict != VERDICT_OPEN || time_ns <= judge->since_ns)
		return judge->verdict;
	begin(judge);
	if (judge->verdict != VERDICT_OPEN)
		return judge->verdict;
	if (judge->holds && time_ns >= sum(judge->held_ns, e->for_ns))
		return decide(judge, VERDICT_PASS, judge->held_ns + e->for_ns);
	if (judge->holds || e->within_ns == JUDGE_FOREVER || time_ns <= deadline(judge))
		return VERDICT_OPEN;
	return e->pulses ? pulses_end(judge) : decide(judge, VERDICT_FAIL, deadline(judge));
}

static enum verdict pulse_comes(struct judge *judge, uint64_t time_ns)
{
	const struct expectation *e = &judge->expectation;

	if (judge->n_rising++ == 0)
		judge->first_ns = time_ns;
	judge->last_ns = time_ns;
	return judge->n_rising > (uint64_t)e->count + e->spare ? decide(judge, VERDICT_FAIL, time_ns) : VERDICT_OPEN;
}

static enum verdict line_changes(struct judge *judge, struct line_now before, uint64_t time_ns)
{
	static const struct condition edge = { .kind = CONDITION_EDGE }, rising = { .kind = CONDITION_RISING };
	const struct expectation *e = &judge->expectation;
	bool is_edge = condition_comes(&edge, before, judge->now);

	judge->n_edges += is_edge;
	judge->edge_ns = is_edge ? time_ns : judge->edge_ns;
	if (e->pulses)
		return condition_comes(&rising, before, judge->now) ? pulse_comes(judge, time_ns) : VERDICT_OPEN;
	if (condition_comes(&e->condition, before, judge->now))
		return judge->holds ? VERDICT_OPEN : comes(judge, time_ns);
	if (!judge->holds)
		return VERDICT_OPEN;
	judge->holds = false;
	return time_ns > deadline(judge) ? decide(judge, VERDICT_FAIL, time_ns) : VERDICT_OPEN;
}

enum verdict judge_event(struct judge *judge, const struct line_event *event)
{
	struct line_now before = judge->now;

	if (event->line != judge->expectation.condition.line || judge->verdict != VERDICT_OPEN)
		return judge->verdict;
	if (time_passes(judge, event->time_ns) != VERDICT_OPEN)
		return judge->verdict;
	judge->now = event->now;
	return event->time_ns < judge->since_ns ? VERDICT_OPEN : line_changes(judge, before, event->time_ns);
}

enum verdict judge_known(struct judge *judge, uint64_t known_ns)
{
	return time_passes(judge, known_ns);
}

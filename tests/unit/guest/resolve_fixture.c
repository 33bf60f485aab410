/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The fixture of tests that resolve words. */
#include "resolve_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "chip/chip_spec.h"
#include "chip/label.h"
#include "config/guest_option.h"

#define TEXT_MAX (64 * 1024)

struct resolve_fixture fixture;

/* chip/label.c with another directory. */
int __real_chip_label_find(const char *directory, const char *label, struct chip_spec *spec, struct why *why);
int __wrap_chip_label_find(const char *directory, const char *label, struct chip_spec *spec, struct why *why);
void __wrap_chip_spec_number(unsigned number, struct chip_spec *spec);

int __wrap_chip_label_find(const char *directory, const char *label, struct chip_spec *spec, struct why *why)
{
	assert_string_equal(directory, "/dev");
	return __real_chip_label_find(fixture.directory, label, spec, why);
}

void __wrap_chip_spec_number(unsigned number, struct chip_spec *spec)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/gpiochip%u", fixture.directory, number);
	assert_int_equal(chip_spec_path(path, spec), 0);
}

bool __real_chip_found_same(const struct chip_found *a, const struct chip_found *b);
bool __wrap_chip_found_same(const struct chip_found *a, const struct chip_found *b);

bool __wrap_chip_found_same(const struct chip_found *a, const struct chip_found *b)
{
	return !fixture.every_chip_is_another && __real_chip_found_same(a, b);
}

static int link_make(const char *target, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", fixture.directory, name);
	return symlink(target, path);
}

int resolve_fixture_up(void **state)
{
	fixture = (struct resolve_fixture){ .directory = "/tmp/resolve-XXXXXX" };
	kernel_boot();
	if (!mkdtemp(fixture.directory))
		return -1;
	return link_make("/dev/null", "gpiochip0") || link_make("/dev/null", "again") ||
	       link_make("/dev/zero", "gpiochip1") || link_make("/etc/passwd", "file");
}

int resolve_fixture_down(void **state)
{
	static const char *const names[] = { "gpiochip0", "again", "gpiochip1", "file" };
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", fixture.directory, names[i]);
		unlink(path);
	}
	resolved_deinit(&fixture.resolved);
	guest_configs_deinit(&fixture.configs);
	kernel_halt();
	return rmdir(fixture.directory);
}

/* text with one word put in the place of another; the caller's. */
static char *replaced(const char *text, const char *word, const char *by)
{
	char *result = malloc(TEXT_MAX);
	size_t used = 0;
	const char *at;

	assert_non_null(result);
	for (; (at = strstr(text, word)); text = at + strlen(word))
		used += (size_t)snprintf(result + used, TEXT_MAX - used, "%.*s%s", (int)(at - text), text, by);
	snprintf(result + used, TEXT_MAX - used, "%s", text);
	return result;
}

int resolve_words(const char *const *words, size_t n)
{
	struct why why;

	resolved_deinit(&fixture.resolved);
	guest_configs_deinit(&fixture.configs);
	for (size_t i = 0; i < n; i++) {
		char *word = replaced(words[i], "DIR", fixture.directory);

		if (guest_option_parse(word, n > 1 ? (unsigned)i + 1 : 0, &fixture.configs, &why) < 0)
			fail_msg("%s", why.text);
		free(word);
	}
	return resolve(&fixture.configs, &fixture.params, &fixture.resolved);
}

const char *directory_hidden(const char *text)
{
	static char shown[TEXT_MAX];
	char *hidden = replaced(text, fixture.directory, "DIR");

	snprintf(shown, sizeof(shown), "%s", hidden);
	free(hidden);
	return shown;
}

const char *findings_text(const struct diagnostics *diagnostics)
{
	static char text[TEXT_MAX];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < diagnostics->n && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\n", diagnostics->texts[i]);
	return directory_hidden(text);
}

const char *lines_text(const struct guest *guest)
{
	static char text[TEXT_MAX];
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < guest->n_lines && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s.%u=%s ",
					 guest->chips[guest->lines[i].chip].spec.path, guest->lines[i].offset,
					 guest->lines[i].name);
	return directory_hidden(text);
}

# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
SUMMARY = "GPIO lines for virtual machines (vhost-user)"
DESCRIPTION = "A vhost-user back-end that gives virtual machines GPIO lines of this host, \
of real chips or of simulated ones, each guest served by a process of its own."
SECTION = "console/utils"
LICENSE = "Apache-2.0 | BSD-3-Clause"
LIC_FILES_CHKSUM = "\
    file://LICENSE-APACHE;md5=3b83ef96387f14655fc854ddc3c6bd57 \
    file://LICENSE-BSD-3-Clause;md5=a9410f0ba40691f88e3c84f8f0d21591 \
"

# scripts/release lays the tarball into files/ of its copy of this layer.
SRC_URI = "file://${BP}.tar.gz"

inherit meson pkgconfig systemd useradd

EXTRA_OEMESON = "-Dtests=disabled"

PACKAGECONFIG ??= "\
    config \
    control \
    seccomp \
    ${@bb.utils.filter('DISTRO_FEATURES', 'systemd', d)} \
"
PACKAGECONFIG[config] = "-Dconfig=enabled,-Dconfig=disabled,inih"
PACKAGECONFIG[control] = "-Dcontrol=enabled,-Dcontrol=disabled,jansson"
PACKAGECONFIG[seccomp] = "-Dseccomp=enabled,-Dseccomp=disabled,libseccomp"
PACKAGECONFIG[systemd] = "-Dsystemd=enabled,-Dsystemd=disabled,systemd"

# The units' user, and the groups that they want.
USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system gpio; --system kvm"
USERADD_PARAM:${PN} = "--system --user-group --no-create-home --home-dir / --shell /sbin/nologin vhost-device-gpio"

SYSTEMD_SERVICE:${PN} = "vhost-device-gpio.service vhost-device-gpio@.socket"
# There is no configuration yet.
SYSTEMD_AUTO_ENABLE = "disable"

FILES:${PN} += "\
    ${datadir}/qemu/vhost-user \
    ${nonarch_libdir}/sysusers.d \
    ${nonarch_libdir}/tmpfiles.d \
    ${nonarch_libdir}/udev/rules.d \
    ${systemd_system_unitdir} \
"

################################################################################
#
# vhost-device-gpio
#
################################################################################

# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
VHOST_DEVICE_GPIO_VERSION = 0.2.0
# scripts/release lays the tarball beside its copy of this tree.
VHOST_DEVICE_GPIO_SITE = $(BR2_EXTERNAL_VHOST_DEVICE_GPIO_PATH)/..
VHOST_DEVICE_GPIO_SITE_METHOD = file
VHOST_DEVICE_GPIO_LICENSE = Apache-2.0 or BSD-3-Clause
VHOST_DEVICE_GPIO_LICENSE_FILES = LICENSE-APACHE LICENSE-BSD-3-Clause
VHOST_DEVICE_GPIO_DEPENDENCIES = host-pkgconf
VHOST_DEVICE_GPIO_CONF_OPTS = -Dtests=disabled

ifeq ($(BR2_PACKAGE_VHOST_DEVICE_GPIO_CONFIG),y)
VHOST_DEVICE_GPIO_DEPENDENCIES += inih
VHOST_DEVICE_GPIO_CONF_OPTS += -Dconfig=enabled
else
VHOST_DEVICE_GPIO_CONF_OPTS += -Dconfig=disabled
endif

ifeq ($(BR2_PACKAGE_VHOST_DEVICE_GPIO_CONTROL),y)
VHOST_DEVICE_GPIO_DEPENDENCIES += jansson
VHOST_DEVICE_GPIO_CONF_OPTS += -Dcontrol=enabled
else
VHOST_DEVICE_GPIO_CONF_OPTS += -Dcontrol=disabled
endif

ifeq ($(BR2_PACKAGE_VHOST_DEVICE_GPIO_SECCOMP),y)
VHOST_DEVICE_GPIO_DEPENDENCIES += libseccomp
VHOST_DEVICE_GPIO_CONF_OPTS += -Dseccomp=enabled
else
VHOST_DEVICE_GPIO_CONF_OPTS += -Dseccomp=disabled
endif

# With systemd.pc the units are installed.
ifeq ($(BR2_PACKAGE_SYSTEMD),y)
VHOST_DEVICE_GPIO_DEPENDENCIES += systemd
endif

$(eval $(meson-package))

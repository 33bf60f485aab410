# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
include $(sort $(wildcard $(BR2_EXTERNAL_VHOST_DEVICE_GPIO_PATH)/package/*/*.mk))

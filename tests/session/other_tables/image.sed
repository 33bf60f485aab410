# SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
# A program that does not know a record which must be understood, and which the others write.
s/"socket-path"/"socket-door"/

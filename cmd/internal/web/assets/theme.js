// SPDX-License-Identifier: Apache-2.0

// Before anything is painted, so that nothing flashes. "" is what the system says.
'use strict';
try {
  const theme = localStorage.getItem('vexj-theme');
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
} catch { /* storage is closed: the system's theme holds */ }

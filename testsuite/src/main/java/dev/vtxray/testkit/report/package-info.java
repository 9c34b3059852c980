/** Reports of experiments: one self-contained HTML page, JSON for programs, a table for terminals. No dates, no times. */
package dev.vtxray.testkit.report;

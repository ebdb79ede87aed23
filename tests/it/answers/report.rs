//! `pipetrail report`: files of every format, and the page in a browser.

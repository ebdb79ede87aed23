//! `pipetrail query`: Athena, forms of output, the prompt.

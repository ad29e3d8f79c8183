/** Demonstrations: JSONL and Parquet to token files, the order of a run, micro-batches. */
package io.akkord.model.data;

/** Hugging Face model folders: configuration, safetensors, tokenizer. */
package io.akkord.model.hf;

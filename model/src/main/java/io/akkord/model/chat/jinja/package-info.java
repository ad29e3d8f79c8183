/**
 * The Jinja that chat templates are written in, as transformers renders it: trimmed blocks, loop
 * controls, a sandbox without side effects.
 */
package io.akkord.model.chat.jinja;

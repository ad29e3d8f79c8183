/** The native engine: one device thread, one set of flat buffers, one call per phase. */
package io.akkord.model.engine;

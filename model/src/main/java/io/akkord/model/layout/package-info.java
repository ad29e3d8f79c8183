/** Where every parameter lies in the flat buffers. */
package io.akkord.model.layout;

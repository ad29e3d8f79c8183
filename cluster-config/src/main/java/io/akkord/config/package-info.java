/** Akkord. */
package io.akkord.config;

/** TorchScript programs: readable resources, specialised by Java. */
package io.akkord.model.program;

"""Things: what a hydrant terminal, a nest, a drone says and can be told, whatever wire it hangs on."""

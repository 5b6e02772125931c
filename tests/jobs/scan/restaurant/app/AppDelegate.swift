import Parse

func start() {
  // Parse.setApplicationId("comment", clientKey: "comment")
  Parse.setApplicationId("aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7b", clientKey: "cD4eF6gH8iJ0kL2mN4oP6qR8sT0uV2wX4yZ6aB8c")
}
